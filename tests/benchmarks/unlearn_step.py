"""A step of `xmm unlearn` beside a step of `xmm train`, for every objective, on the shipped base.

The people were learned in both modalities and are unlearned through pictures, in batches of 16. A
step of unlearning has two batches, what goes and what is kept, so that twice the time is the least.
A second pass of the model before is on top of that (kl, undial, rmu), and so is a second answer for
each view to forget (dpo). What comes before the first step is not counted.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import bases
from tests.benchmarks.race import Lap, Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.models.settings import TrainSettings, UnlearnSettings

HERE = "tests.benchmarks.unlearn_step"
STEPS, BATCH, ROUNDS = 6, 16, 2
MOST = 2.3
"""Times a step of training, for objectives with two batches and no second pass."""
MORE = {"kl": 3.2, "undial": 3.2, "rmu": 3.2, "dpo": 3.45}
"""The same for those that have one; for dpo three batches, so 2.3 for each two."""
TOGETHER = 4
"""Objectives in a race; each race has a step of training of its own."""


def row(folder: Path) -> Row:
    """CPU seconds of a step of each objective over those of training, in alternating rounds."""
    from xmm_cli.training.objectives import UNLEARNING

    people = bases.make_people(folder / "people", 8, 6, 1)
    checkpoint = bases.make_checkpoint(people, "xmm-base", folder / "run", 2, "both")
    given = {"people": str(people)}
    figures, trained = [], []
    for first in range(0, len(UNLEARNING), TOGETHER):
        names = UNLEARNING[first : first + TOGETHER]
        ways = {"train": Way(f"{HERE}:train", given)}
        for name in names:
            how = given | {"checkpoint": checkpoint.path, "objective": name}
            ways[name] = Way(f"{HERE}:unlearn", how)
        laps = run(ways, ROUNDS)
        trained += laps["train"].result
        figures += [_figure(name, laps[name], laps["train"]) for name in names]
    return Row(
        "a step of unlearning, shipped base",
        f"{len(figures)} objectives",
        f"a step of training: {min(trained):.2f} CPU seconds",
        tuple(figures),
        "nothing: they are different work",
    )


def _figure(name: str, own: Lap, train: Lap) -> Figure:
    return Figure(name, ratio(own.result, train.result), "≤", MORE.get(name, MOST))


def _counting(fit: Callable[[], None], seconds: list[float]) -> list[float]:
    """The CPU seconds of a step in each round so far, the first round left out."""
    import os

    before = os.times()
    fit()
    after = os.times()
    seconds.append((after.user + after.system - before.user - before.system) / STEPS)
    return seconds[1:]


def train(people: str) -> Any:
    """Steps of training on both modalities."""
    from xmm_cli.models.adapters.lora import add_adapter, remove_adapter
    from xmm_cli.models.conversation import Conversations
    from xmm_cli.models.loading import load_base
    from xmm_cli.training.batches import ExampleStream
    from xmm_cli.training.examples import build_examples
    from xmm_cli.training.objectives import OBJECTIVES
    from xmm_cli.training.run.loop import fit

    base, seconds = load_base("xmm-base", "cpu"), []
    how = TrainSettings(source="both", steps=STEPS, batch_size=BATCH)
    examples = build_examples(bases.read_people(Path(people)), how, Conversations(base))

    def work() -> list[float]:
        model = add_adapter(base, rank=how.rank, alpha=how.alpha, dropout=how.dropout)
        items, aim = ExampleStream(examples), OBJECTIVES.load("memorize")
        with tempfile.TemporaryDirectory() as folder:
            partial = Path(folder)
            found = _counting(
                lambda: fit(base, model, items, aim, how, steps=STEPS, partial=partial), seconds
            )
        remove_adapter(model)
        return found

    return work


def unlearn(people: str, checkpoint: str, objective: str) -> Any:
    """Steps of unlearning a quarter of the people through pictures."""
    from xmm_cli.models.adapters.lora import remove_adapter
    from xmm_cli.models.checkpoint import read_checkpoint
    from xmm_cli.models.conversation import Conversations
    from xmm_cli.models.loading import load_base
    from xmm_cli.training.run.loop import fit
    from xmm_cli.training.unlearn import prepare

    conversations, seconds = Conversations(load_base("xmm-base", "cpu")), []
    parent, everyone = read_checkpoint(Path(checkpoint)), bases.read_people(Path(people))
    forget = tuple(persona.id for persona, _ in everyone[: len(everyone) // 4])
    how = UnlearnSettings(objective=objective, through="image", steps=STEPS, batch_size=BATCH)

    def work() -> list[float]:
        task = prepare(conversations, parent, everyone, forget, how)
        given = (task.base, task.model, task.items, task.objective, task.loop)
        with tempfile.TemporaryDirectory() as folder:
            partial = Path(folder)
            found = _counting(lambda: fit(*given, steps=STEPS, partial=partial), seconds)
        remove_adapter(task.model)
        return found

    return work
