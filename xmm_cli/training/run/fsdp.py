"""Weights that accelerate's FSDP2 splits over the processes: what can be trained so, and saved."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeVar

import torch

from xmm_cli import compat, processes
from xmm_cli.errors import WrongUsage
from xmm_cli.models.adapters.full import is_whole
from xmm_cli.training.objective import Objective
from xmm_cli.training.run.ddp import some_may_rest

T = TypeVar("T")

_ELSE = "run it in one process, or with torchrun alone"


def asked_for() -> bool:
    """Whether `accelerate launch` is told to use FSDP, which it does on GPUs alone."""
    return "RANK" in os.environ and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


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
    for unfit, hint in chain(_unfit_settings(plugin), _unfit_run(model, aim)):
        raise WrongUsage(f"{unfit} under FSDP", hint)
    if plugin.transformer_cls_names_to_wrap is None:
        plugin.transformer_cls_names_to_wrap = compat.unit_layers(model)
    compat.save_split_and_trained(plugin)


def _unfit_settings(plugin: Any) -> Iterator[tuple[str, str]]:
    """What of accelerate's settings cannot be had, and what to say instead."""
    from torch.distributed.fsdp import CPUOffloadPolicy
    from torch.distributed.fsdp.wrap import size_based_auto_wrap_policy

    if plugin.fsdp_version != 2:
        yield "its first version", "accelerate launch --fsdp_version 2"
    if plugin.activation_checkpointing:
        yield "accelerate's activation checkpointing", "give --gradient-checkpointing to xmm"
    if plugin.auto_wrap_policy is size_based_auto_wrap_policy:  # it would take lists of layers
        yield "units by size", "accelerate launch --fsdp_auto_wrap_policy TRANSFORMER_BASED_WRAP"
    if isinstance(plugin.cpu_offload, CPUOffloadPolicy):
        yield "weights kept in the CPU's memory", "accelerate launch --fsdp_offload_params false"


def _unfit_run(model: Any, aim: Objective) -> Iterator[tuple[str, str]]:
    """What needs whole weights, or a module that not all processes use at each step."""
    if is_whole(model):
        yield "--adapter full", _ELSE
    elif getattr(model, "is_quantized", False):
        yield "--quantize", _ELSE
    elif some_may_rest(model):
        yield "training what sees", _ELSE
    if aim.needs.forward:
        yield "a method that asks the model before at every step", _ELSE
    if type(aim).after_backward is not Objective.after_backward:
        yield "a method that chooses among gradients", _ELSE


def on_first_whole(model: Any, do: Callable[[], T]) -> T:
    """`processes.on_first`, where the first process has what is trained of the model whole."""
    with _whole(model):
        return processes.on_first(do)


@contextmanager
def _whole(model: Any) -> Iterator[None]:
    """Inside the block trained weights that are split are whole in the first process.

    All processes have to enter it; frozen weights stay split, and the model computes nothing there.
    """
    trained = {name: one for name, one in model.named_parameters() if one.requires_grad}
    split = {name: one for name, one in trained.items() if hasattr(one, "full_tensor")}
    full = {name: one.detach().full_tensor() for name, one in split.items()}
    try:
        if processes.is_first():
            for name, one in full.items():
                _put(model, name, torch.nn.Parameter(one))
        yield
    finally:
        for name, one in split.items():
            _put(model, name, one)


def _put(model: Any, name: str, weight: torch.nn.Parameter) -> None:
    path, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(path), leaf, weight)
