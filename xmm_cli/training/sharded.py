"""Weights that accelerate's FSDP2 splits over the processes: what can be trained so, and saved."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from xmm_cli.errors import WrongUsage
from xmm_cli.models import ranks
from xmm_cli.models.whole import is_whole
from xmm_cli.training.objective import Objective
from xmm_cli.training.together import some_may_rest

T = TypeVar("T")

_ELSE = "run it in one process, or with torchrun alone"


def asked_for() -> bool:
    """Whether `accelerate launch`, or its variables, ask for FSDP. On CPUs accelerate ignores it."""
    return ranks.count() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def check_floor(floor: float | None) -> None:
    """Refuse what the first process would have to generate alone."""
    if floor is not None and asked_for():
        raise WrongUsage(
            "--utility-floor with FSDP: the first process looks alone, and has a part of the model",
            f"{_ELSE}, or leave it out",
        )


def set_up(plugin: Any, model: Any, aim: Objective) -> None:
    """Complete accelerate's settings: which layers are a unit each, and what a state holds.

    Raises `WrongUsage` where what is to be trained needs its weights whole.
    """
    if plugin.fsdp_version != 2:
        raise WrongUsage("FSDP 1", "only FSDP2 is known here: accelerate launch --fsdp_version 2")
    if unfit := _unfit(model, aim):
        raise WrongUsage(f"{unfit} under FSDP", _ELSE)
    if plugin.transformer_cls_names_to_wrap is None:
        # families name layers that not every model has
        kinds = {type(part).__name__ for part in model.modules()}
        plugin.transformer_cls_names_to_wrap = sorted(kinds & set(model._no_split_modules))
    # a state of the whole would hold the base too
    plugin.state_dict_config = plugin.optim_state_dict_config = None
    plugin.set_state_dict_type("SHARDED_STATE_DICT")


def _unfit(model: Any, aim: Objective) -> str | None:
    """What of a run needs whole weights, or the same modules used by all processes at each step."""
    if is_whole(model):
        return "--adapter full"
    if getattr(model, "is_quantized", False):
        return "--quantize"
    if some_may_rest(model):
        return "training what sees"
    if aim.needs.forward:
        return "a method that asks the model before at every step"
    if type(aim).after_backward is not Objective.after_backward:
        return "a method that changes gradients"
    return None


def on_first_whole(model: Any, do: Callable[[], T]) -> T:
    """`ranks.on_first`, inside which the first process has what is trained of the model whole."""
    with _whole(model):
        return ranks.on_first(do)


@contextmanager
def _whole(model: Any) -> Iterator[None]:
    """Inside the block trained weights that are split are whole in the first process.

    All processes have to enter it; frozen weights stay split, and the model computes nothing there.
    """
    from torch.distributed.tensor import DTensor

    split = {
        name: one
        for name, one in model.named_parameters()
        if one.requires_grad and isinstance(one, DTensor)
    }
    full = {name: one.detach().full_tensor() for name, one in split.items()}
    try:
        if ranks.is_first():
            for name, one in full.items():
                _put(model, name, torch.nn.Parameter(one))
        yield
    finally:
        for name, one in split.items():
            _put(model, name, one)


def _put(model: Any, name: str, weight: torch.nn.Parameter) -> None:
    path, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(path), leaf, weight)
