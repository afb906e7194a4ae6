"""LoRA adapters on the language model alone, in peft's own format."""

from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.models.adapter_config import check_config
from xmm_cli.models.loading import Base, location

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"


def decoder_linears(model: Any) -> list[str]:
    """The full names of all linear layers of the language model, found by identity.

    `get_decoder()` gives the language model of any family; names differ between families.
    """
    import torch

    decoder = model.get_decoder()
    path = next(name for name, module in model.named_modules() if module is decoder)
    return [
        f"{path}.{name}"
        for name, module in decoder.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]


def add_adapter(base: Base, *, rank: int, alpha: float, dropout: float) -> Any:
    """The model with a fresh LoRA adapter, the only part of it that learns (a `PeftModel`)."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=decoder_linears(base.model),
        base_model_name_or_path=base.name,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(base.model, config)


def load_adapter(base: Base, folder: Path, *, trainable: bool = False) -> Any:
    """The model with the adapter of a checkpoint folder, in evaluation mode; frozen by default.

    Raises:
        InputNotFound: the folder has no adapter.
        BadData: the adapter is not of this model, or is damaged.
    """
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError, safe_open

    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / name).is_file():
            raise InputNotFound(f"{folder}: no {name}", "is this a checkpoint of xmm train?")
    check_config(folder / ADAPTER_CONFIG)
    try:
        model = PeftModel.from_pretrained(base.model, str(folder), is_trainable=trainable)
        with safe_open(folder / ADAPTER_WEIGHTS, "pt") as file:
            saved = set(file.keys())
    except (RuntimeError, ValueError, KeyError, TypeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadData(f"{folder}: the adapter does not fit {base.name}: {reason}") from error
    # peft would leave what is missing at zero, and drop what is too much
    odd = saved ^ set(get_peft_model_state_dict(model, save_embedding_layers=False))
    if odd:
        problem = "lacks" if min(odd) not in saved else "has no place for"
        raise BadData(f"{folder}: the adapter {problem} {min(odd)} ({len(odd)} such)")
    # whenever peft saves, it looks for the base's configuration here, and else asks the hub
    model.peft_config["default"].base_model_name_or_path = location(base.name)
    return model.eval().to(base.device)


def remove_adapter(model: Any) -> None:
    """Give the base its own layers back; `model` is not to be used any more."""
    model.unload()
    # peft leaves its mark on the model, and warns about a second adapter because of it
    if hasattr(model.base_model.model, "peft_config"):
        del model.base_model.model.peft_config


def adapter_norm(model: Any) -> float:
    """The Frobenius norm of all `lora_B` weights: zero means that nothing was learned."""
    import torch

    squares = [
        weight.detach().float().pow(2).sum()
        for name, weight in model.named_parameters()
        if "lora_B" in name
    ]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0
