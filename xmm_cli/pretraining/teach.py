"""A training loop for a few parameters beside a frozen model, which a kill at any time cannot hurt.

The checkpoint holds the parameters, the optimiser's state and the step; conversation `i` of step
`s` depends on the seed alone, so a run that was interrupted ends as one that was not.
"""

import json
import math
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from xmm_cli.pretraining.corpus import PretrainingExample
from xmm_cli.rows.files import atomic_open

SAVE_EVERY = 50
_POOL = 4
"""Of so many steps the examples are sorted by length: little of a batch is padding."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """How long and how fast is learned; learning rates by the group of parameters."""

    name: str
    steps: int
    batch: int
    rates: dict[str, float]
    warmup: int = 30

    def rate(self, step: int) -> float:
        """Linear warm-up, then a cosine to zero; a factor in 0 to 1."""
        rising = min(1.0, (step + 1) / self.warmup)
        return rising * 0.5 * (1 + math.cos(math.pi * step / self.steps))


def teach(
    lesson: Lesson,
    module: Any,
    groups: dict[str, dict[str, torch.nn.Parameter]],
    samples: Callable[[int], PretrainingExample],
    collate: Callable[[list[PretrainingExample]], dict[str, torch.Tensor]],
    place: Path,
) -> None:
    """Train the parameters of `groups` in place; an earlier run in the folder `place` goes on.

    AdamW (betas 0.9 and 0.98, no decay), gradients clipped at norm 1. `place/log.jsonl` gets a
    line for each step: its number, the loss, seconds since the last line.
    """
    optimizer = torch.optim.AdamW(
        [{"params": list(part.values()), "name": name} for name, part in groups.items()],
        betas=(0.9, 0.98),
        weight_decay=0.0,
    )
    every = [parameter for part in groups.values() for parameter in part.values()]
    place.mkdir(parents=True, exist_ok=True)
    checkpoint = place / "checkpoint.safetensors"
    start = _restore(checkpoint, every, optimizer)
    module.train()
    device = every[0].device
    for step in range(start, lesson.steps):
        begun = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = lesson.rates[group["name"]] * lesson.rate(step)
        examples = examples_of(lesson, samples, step)
        batch = {name: value.to(device) for name, value in collate(examples).items()}
        loss = module(**batch)["loss"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(every, 1.0)
        optimizer.step()
        _log(place / "log.jsonl", step + 1, loss.item(), time.perf_counter() - begun)
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == lesson.steps:
            _keep(checkpoint, step + 1, every, optimizer)


def examples_of(
    lesson: Lesson, samples: Callable[[int], PretrainingExample], step: int
) -> list[PretrainingExample]:
    """The examples of a step: of `_POOL` steps' together, those of like length, in random order."""
    pool, place = divmod(step, _POOL)
    first = pool * _POOL * lesson.batch
    found = [samples(first + number) for number in range(_POOL * lesson.batch)]
    found.sort(key=lambda example: len(example.ids))
    order = random.Random(f"{lesson.name}: {pool}").sample(range(_POOL), _POOL)
    start = order[place] * lesson.batch
    return found[start : start + lesson.batch]


def _keep(path: Path, step: int, parameters: Iterable[Any], optimizer: Any) -> None:
    """Keep the parameters, and what AdamW knows of each, as safetensors."""
    from safetensors.torch import save

    tensors = {"step": torch.tensor(step)}
    for number, parameter in enumerate(parameters):
        tensors[f"{number}.parameter"] = parameter.detach().cpu().contiguous()
        for name, value in optimizer.state[parameter].items():
            tensors[f"{number}.{name}"] = torch.as_tensor(value).cpu().contiguous()
    with atomic_open(path) as file:
        file.write(save(tensors))


def _restore(path: Path, parameters: list[Any], optimizer: Any) -> int:
    """Take up what `_keep` kept; gives the number of steps that were made."""
    from safetensors.torch import load_file

    if not path.exists():
        return 0
    tensors = load_file(path)
    step = int(tensors.pop("step"))
    with torch.no_grad():
        for number, parameter in enumerate(parameters):
            parameter.copy_(tensors.pop(f"{number}.parameter"))
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        parameter = parameters[int(number)]
        place = "cpu" if name == "step" else parameter.device
        optimizer.state[parameter][name] = value.to(place)
    return step


def _log(path: Path, step: int, loss: float, seconds: float) -> None:
    line = json.dumps({"step": step, "loss": round(loss, 4), "seconds": round(seconds, 2)})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)
