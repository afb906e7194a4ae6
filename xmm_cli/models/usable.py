"""What xmm cannot use as a base, told before or while it is loaded."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xmm_cli import compat
from xmm_cli.errors import Unavailable
from xmm_cli.registry import unknown


@contextmanager
def broken_torchvision() -> Iterator[None]:
    """Say what it is when transformers cannot even be asked for its processors."""
    try:
        yield
    except (RuntimeError, ImportError, AttributeError, OSError) as error:
        if "torchvision" not in f"{error}{error.__cause__}":
            raise
        raise Unavailable(
            f"torchvision is installed and cannot be imported: {first_line(error)}",
            "uninstall it, xmm needs none; or install the build that goes with your torch",
        ) from error


def check_native(name: str, place: str) -> Any:
    """The configuration; refuse a model that only code from its own repository could load.

    Raises as transformers does where there is no configuration.
    """
    from transformers import AutoConfig, PreTrainedConfig

    found, _ = PreTrainedConfig.get_config_dict(place)
    native = isinstance(found, dict) and compat.is_native(found.get("model_type"))
    if not native and "auto_map" in found:
        raise Unavailable(
            f"base {name!r} needs code from its own repository, and xmm runs none: it could do "
            "anything with your files",
            "look for a version in transformers' own format; its name often ends in -hf",
        )
    return AutoConfig.from_pretrained(place, trust_remote_code=False)


def check_kind(name: str, config: Any) -> None:
    """Refuse a model that cannot be handed a picture's features, or asked for chosen logits."""
    from transformers import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING as KNOWN

    if type(config) not in KNOWN:  # loading it says so
        return
    found = KNOWN[type(config)]
    kind = found[0] if isinstance(found, list | tuple) else found
    takes = inspect.signature(kind.forward).parameters
    usable = hasattr(kind, "get_image_features") and takes.keys() >= _ASKED_OF
    if config.is_encoder_decoder or not usable:
        raise Unavailable(
            f"base {name!r}: xmm cannot use {kind.__name__}",
            "it needs a decoder alone, that takes a picture's features; see xmm help models",
        )


_ASKED_OF = {"mm_encoder_outputs", "logits_to_keep"}


def mend(name: str, place: str, error: Exception) -> str:
    """How to get what could not be loaded."""
    said = str(error)
    if "num2words" in said:
        return "pip install num2words"
    if Path(place).is_dir():
        return HINT
    if "gated" in said or "401" in said or "403" in said:
        return f"accept its terms on the hub, then: hf auth login && hf download {name}"
    from huggingface_hub.constants import HF_HUB_OFFLINE

    if HF_HUB_OFFLINE:
        return f"HF_HUB_OFFLINE is set: first hf download {name} without it, or name a folder"
    return f"try: hf download {name}; or name a folder of a saved model"


HINT = "give a shipped name, a folder of a saved model or a hub id"


def check_name(name: str, place: str, shipped: Sequence[str]) -> None:
    """Say at once what cannot be a model, before the hub is asked for it."""
    folder = Path(place)
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise Unavailable(f"base {name!r}: the folder has no config.json", HINT)
    if folder.is_dir() or (name.count("/") == 1 and not name.startswith((".", "/", "~"))):
        return
    if Path(name).is_absolute():
        hint = "was it moved? name the folder where it is with --base; its weights tell which it is"
        raise Unavailable(f"base {name!r}: no such folder", hint)
    raise Unavailable(f"no base {name!r}", f"{unknown(name, shipped)}; or a folder, or a hub id")


def check_whole(name: str, report: dict[str, Any]) -> None:
    """Refuse a model with weights that transformers would fill with random numbers."""
    misfits = [key[0] if isinstance(key, tuple) else key for key in report["mismatched_keys"]]
    for what, keys in (("has no", report["missing_keys"]), ("has another shape of", misfits)):
        if keys:
            first = min(str(key) for key in keys)
            raise Unavailable(
                f"base {name!r}: its file of weights {what} {first} ({len(keys)} such)",
                "is the folder whole, and its config.json its own?",
            )


def first_line(error: Exception) -> str:
    """Of what an exception says; its class where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
