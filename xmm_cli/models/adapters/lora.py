"""What a run trains: LoRA or DoRA adapters in peft's own format, or a part's own weights."""

from pathlib import Path
from typing import Any, Literal

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.models.adapters.adapter_config import check_config
from xmm_cli.models.adapters.full import (
    WHOLE_WEIGHTS,
    check_exact,
    distance,
    free,
    is_whole,
    load_whole,
    put_whole,
    restore,
    save_whole,
)
from xmm_cli.models.adapters.parts import (
    Trained,
    belongs,
    language_path,
    linear_layers,
    set_sees_anew,
)
from xmm_cli.models.loading import Base, location

__all__ = [
    "ADAPTER_CONFIG",
    "ADAPTER_WEIGHTS",
    "WHOLE_WEIGHTS",
    "adapter_norm",
    "add_adapter",
    "bring_back",
    "load_adapter",
    "remove_adapter",
    "save_adapter",
    "spare_memory",
]

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"


AdapterKind = Literal["lora", "dora", "full"]


def add_adapter(
    base: Base,
    *,
    rank: int,
    alpha: float,
    dropout: float,
    kind: AdapterKind = "lora",
    part: Trained = "language",
) -> Any:
    """The model with something fresh to learn in one of its parts, and nothing else that learns.

    A `PeftModel` with LoRA or DoRA on the part's linear layers; with `full` the base itself, the
    part's own weights trainable. Raises `WrongUsage` where there is no such part, or where its
    weights cannot be trained.
    """
    if kind == "full":
        check_exact(base)
        return free(base, belongs(base.model, part), part)
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        use_dora=kind == "dora",
        target_modules=linear_layers(base.model, part),
        base_model_name_or_path=base.name,
        task_type="CAUSAL_LM",
    )
    set_sees_anew(base.model, part != "language")
    return get_peft_model(base.model, config)


def load_adapter(base: Base, folder: Path, *, trainable: bool = False) -> Any:
    """The model with what a checkpoint folder has learned, in evaluation mode; frozen by default.

    Raises:
        InputNotFound: the folder has no adapter and no weights.
        BadData: they are not of this model, or are damaged.
        WrongUsage: they are whole weights to be trained, in half precision.
    """
    if (folder / WHOLE_WEIGHTS).is_file():
        return load_whole(base, folder, trainable=trainable)
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
    inside = f"base_model.model.{language_path(base.model)}."
    set_sees_anew(base.model, any(not name.startswith(inside) for name in saved))
    return model.eval().to(base.device)


def remove_adapter(model: Any) -> None:
    """Give the base its own layers or weights back; `model` is not to be used any more."""
    if is_whole(model):
        restore(model)
        return
    base = model.unload()
    set_sees_anew(base, False)
    # peft leaves its mark on the model, and warns about a second adapter because of it
    if hasattr(base, "peft_config"):
        del base.peft_config


def save_adapter(model: Any, folder: Path) -> None:
    """Write what was trained, and nothing else, as safetensors."""
    if is_whole(model):
        save_whole(model, folder)
        return
    model.save_pretrained(str(folder), save_embedding_layers=False)


def bring_back(model: Any, folder: Path) -> None:
    """Give a model the weights of a checkpoint of its own run, in place."""
    from safetensors.torch import load_file

    if is_whole(model):
        put_whole(model, load_file(folder / WHOLE_WEIGHTS))
        return
    from peft import set_peft_model_state_dict

    set_peft_model_state_dict(model, load_file(folder / ADAPTER_WEIGHTS))


def spare_memory(model: Any) -> None:
    """Have activations computed anew in the backward pass instead of kept."""
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def adapter_norm(model: Any) -> float:
    """The Frobenius norm of all `lora_B` weights, or of what whole weights have moved by.

    Zero means that nothing was learned.
    """
    import torch

    if is_whole(model):
        return distance(model)
    squares = [
        weight.detach().float().pow(2).sum()
        for name, weight in model.named_parameters()
        if "lora_B" in name
    ]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0
