"""Whether a folder's `adapter_config.json` asks for nothing but LoRA on named layers.

peft does what the file says: it can name other kinds of adapters, modules to import, patterns that
take for ever to match, computations on the base's weights, ranks that fill the memory. xmm's own
adapters need none of that.
"""

import json
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData

MOST_RANK = 8192
MOST_BYTES = 8 * 2**20
_NUMBERS = ("lora_alpha", "lora_dropout")
_SWITCHES = ("use_dora", "use_rslora", "inference_mode")
_TEXTS = ("peft_version", "base_model_name_or_path", "revision", "task_type")
_FREE = frozenset(
    (*_NUMBERS, *_SWITCHES, *_TEXTS, "peft_type", "r", "target_modules", "megatron_core")
)
"""What may stand there without harm, or is looked at by itself."""


def check_config(path: Path) -> None:
    """Raises `BadData` where the file is no such configuration."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadData(f"{path}: more than {MOST_BYTES // 2**20} MiB", _HINT)
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise BadData(f"{path}: cannot be read: {error}", _HINT) from error
    odd = _odd(found)
    if odd is not None:
        raise BadData(f"{path}: {odd}", _HINT)


_HINT = "is this a checkpoint of xmm train?"


def _odd(config: Any) -> str | None:
    """What is not as in a checkpoint of xmm, if anything is."""
    if not isinstance(config, dict):
        return "not a JSON object"
    if config.get("peft_type") != "LORA":
        return "its peft_type is not LORA"
    rank, layers = config.get("r"), config.get("target_modules")
    if type(rank) is not int or not 1 <= rank <= MOST_RANK:
        return f"its r is not a rank from 1 to {MOST_RANK}"
    if not isinstance(layers, list) or not all(isinstance(layer, str) for layer in layers):
        return "its target_modules are not a list of layers"
    return _wrong_type(config) or _unused(config)


def _wrong_type(config: dict[str, Any]) -> str | None:
    for names, types, what in (
        (_NUMBERS, (int, float), "a number"),
        (_SWITCHES, (bool,), "true or false"),
        (_TEXTS, (str, type(None)), "a text"),
    ):
        for name in names:
            if name in config and type(config[name]) not in types:
                return f"its {name} is not {what}"
    return None


def _unused(config: dict[str, Any]) -> str | None:
    from peft import LoraConfig

    usual = LoraConfig().to_dict()
    for name in sorted(config.keys() - _FREE):
        if config[name] and config[name] != usual.get(name):
            return f"it asks for {name}, which xmm does not use"
    return None
