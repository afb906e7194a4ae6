"""What `--plan` says before anything is made: what an audit of so many people could show."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec

from xmm_cli.console import duration
from xmm_cli.probing.attacks import ATTACKS
from xmm_cli.rows.people import People
from xmm_cli.rows.types import MODALITIES, Checkpoint, Modality

if TYPE_CHECKING:
    from xmm_cli.commands.shared.datasets import MadePeople
    from xmm_cli.models.conversation import Conversations

MODELS = 4
"""The one before, the unlearned one, and two that are retrained."""
SHARES = (0.25, 0.5)
"""Parts of the people that may be to be forgotten, where that is not known yet."""
TIMED = 3
"""People that are drawn to see how long that takes."""
LOOKED_AT = 16
"""Questions and examples that are timed."""
BACKWARD = 3.0
"""A step costs as much as so many passes forward: going back costs two."""


def power_line(people: int, views: int) -> str:
    """What so many forgotten people, with so many held-out views each, can show."""
    from xmm_cli.study.audit.differences import AuditRule
    from xmm_cli.study.audit.power import POWER, persons_for_margin, smallest_leak

    attacks = len(ATTACKS.names())
    # each in both modalities, and the plain question
    rule, tests = AuditRule(), 2 * (attacks + 1)
    leak = smallest_leak(people, views, rule.margin, rule.level, tests)
    needed = persons_for_margin(views, rule.margin, rule.level, tests)
    points = f"{100 * rule.margin:g} points"
    shown = "no leak is surely shown"
    if leak is not None:
        shown = f"a leak of {100 * leak:.0f} % or more is shown"
    enough = needed is not None and people >= needed
    erased = f"erased within {points} can be shown" if enough else f"erased within {points} cannot"
    who = "person" if people == 1 else "people"
    more = "" if enough else f" (it needs {needed} people)"
    return (
        f"{people} {who} to forget, {views} held-out views each: {shown}; {erased}{more}; power "
        f"{100 * POWER:.0f} %, level {100 * rule.level:g} %, {attacks} attacks"
    )


def plan_of_people(people: int, views: int) -> list[str]:
    """For a data set of which nobody is chosen yet."""
    sizes = dict.fromkeys(max(1, round(part * people)) for part in SHARES)
    return [power_line(size, views) for size in sizes]


def drawing_time(job: "MadePeople") -> str:
    """How long all people take, by drawing a few and throwing them away."""
    from xmm_cli.personas.dataset import make_personas

    request = job.request
    total = request.people + request.aux
    with TemporaryDirectory() as folder:
        for number in (1, TIMED):  # the first time, what draws is loaded
            start = perf_counter()
            few = msgspec.structs.replace(request, people=number, aux=0)
            list(make_personas(few, Path(folder) / str(number), run="", processes=1))
        took = (perf_counter() - start) / TIMED
    return f"drawing {total} people takes about {duration(took * total / job.processes)} here"


def plan_of_unlearning(
    parent: Checkpoint,
    people: People,
    forget: tuple[str, ...],
    steps: int,
    conversations: "Conversations",
    model: Any,
    recall: Callable[[People], Callable[[Any], float]],
) -> list[str]:
    """What an audit of these people can show, and how long all its parts take on this machine."""
    from xmm_cli.training.examples import sources

    known = [pair for pair in people if pair[0].role == "eval"]
    asked = _views(known, MODALITIES)
    line = power_line(len(forget), max(1, round(asked / max(1, 2 * len(known)))))
    few, ask = known[:TIMED], recall(known[:TIMED])
    ask(model)  # the first time, pictures are read and memory is found
    start = perf_counter()
    ask(model)
    answer = (perf_counter() - start) / max(1, _views(few, sources(parent.source)))
    step = BACKWARD * _forward(parent, few, conversations, model)
    batch = parent.arguments.get("batch_size")
    size = batch if isinstance(batch, int) else LOOKED_AT
    parts = {
        "unlearning": steps * 2 * size * step,
        "retraining twice": 2 * parent.steps * size * step,
        "attacking four models": MODELS * _asks() * asked * answer,
    }
    took = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts.items())
    return [line, f"about {duration(sum(parts.values()))} here: {took}"]


def _asks() -> float:
    """How often a model is asked for a plain question, with it and under all attacks."""
    return 1 + sum(ATTACKS.load(name).asks for name in ATTACKS.names())


def _views(people: People, modalities: Sequence[Modality]) -> int:
    """How many held-out views people have in these modalities."""
    splits = {
        "image": [view.split for one, _ in people for view in one.images],
        "text": [view.split for one, _ in people for view in one.texts],
    }
    return sum(splits[modality].count("heldout") for modality in modalities)


def _forward(
    parent: Checkpoint, people: People, conversations: "Conversations", model: Any
) -> float:
    """Seconds that an example takes forward."""
    import torch

    from xmm_cli.training.batches import with_reference
    from xmm_cli.training.examples import build_examples
    from xmm_cli.training.unlearn import learned_how

    how = replace(learned_how(parent), views=None)
    built = build_examples(people, how, conversations)
    examples = [built[place] for place in range(min(LOOKED_AT, len(built)))]
    start = perf_counter()
    with torch.no_grad():
        with_reference(conversations.base, model, examples, LOOKED_AT)
    return (perf_counter() - start) / len(examples)
