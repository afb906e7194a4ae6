"""When an unlearning run is read, by rules that are declared before and do not look at the leak.

The last saved step, and beside it the first at which the retain set is back to 95 % of what it was
before unlearning: a method may wreck everything in passing and repair what it rehearses. All that a
row says is of the same checkpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xmm_cli.rows.types import MODALITIES, Label, Modality, Task
from xmm_cli.study.curves import Curve, StepBySeed, guess_of
from xmm_cli.study.effects import SeededPerson, Shares, mean
from xmm_cli.study.place import LAST, Place
from xmm_cli.study.study import averaged

AT_CHANCE = 0.05
"""Recall no further than this above chance is none."""
BACK = 0.95
"""The part of its recall before unlearning at which the retain set is back."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A step for each seed at which a run is read."""

    name: str
    """As in `npo through image, at the last step`."""
    rule: str
    steps: StepBySeed
    """Of the seeds for which there is such a step."""
    seeds: int
    """Seeds that were followed."""

    def words(self) -> str:
        """`at step 40`; how many seeds are missing."""
        steps = sorted(set(self.steps.values()))
        numbers = ["?" if step == LAST else str(step) for step in steps]
        said = f"at step {' and '.join(numbers)}"
        missed = self.seeds - len(self.steps)
        return f"{said}; {missed} of {self.seeds} seeds not back" if missed else said


def last_step(curve: Curve) -> Moment:
    """The last saved step of each seed."""
    steps = curve.last()
    return Moment("at the last step", "at the last saved step", steps, len(steps))


def recovery(curve: Curve) -> Moment:
    """The first step of each seed at which the retain set is back to `BACK` of what it was.

    Back is who was below: a seed whose retain set never fell below it is read at its last step.
    """
    last = curve.last()
    before, after = (
        curve.retained_before(),
        {step: curve.retained(dict.fromkeys(last, step)) for step in curve.steps if step > 0},
    )
    found: dict[Label | None, int] = {}
    for seed, end in last.items():
        start = of_seed(before, seed)
        kept = {step: own for step, shares in after.items() if (own := of_seed(shares, seed))}
        is_back = {step: mean(own) >= BACK * mean(start) for step, own in kept.items() if start}
        fell = next((step for step, back in is_back.items() if not back), None)
        if fell is not None:
            later = (step for step, back in is_back.items() if back and step > fell)
            end = next(later, -1)
        if is_back and end >= 0:
            found[seed] = end
    rule = f"at the first saved step at which the retain set is back to {BACK:.0%} of what it was"
    return Moment("with the retain set back", rule.replace("%", " %"), found, len(last))


def was_learned(curve: Curve, modality: Modality) -> bool:
    """Whether the forget set was known in a modality before unlearning, beyond guessing."""
    before = curve.before("forget", modality)
    return not before or mean(before) > guess_of(curve, modality, before).mean + AT_CHANCE


def of_seed(shares: Shares, seed: Label | None) -> Shares:
    """The persons of one seed."""
    return {person: share for person, share in shares.items() if person.seed == seed}


def attributes(curve: Curve, steps: StepBySeed) -> Shares:
    """Accuracy in telling attributes at these steps, all persons, modalities averaged."""
    found: list[Shares] = []
    for modality in MODALITIES:
        own: dict[SeededPerson, float] = {}
        for place in _attribute_places(curve, modality):
            shares = curve.study.people.shares(place)
            own |= {
                person: share
                for person, share in shares.items()
                if steps.get(person.seed) == place.steps
            }
        found.append(own)
    return averaged([cell for cell in found if cell])


def attributes_before(curve: Curve) -> Shares:
    """The same before unlearning: at step 0, or of the plain parent."""
    found: list[Shares] = []
    for modality in MODALITIES:
        start: dict[SeededPerson, float] = {}
        for place in _attribute_places(curve, modality):
            if place.steps == 0:
                start |= curve.study.people.shares(place)
        run, task = curve.run, "attribute"
        found.append(start or curve.study.shares(run.source, modality, run.base, task=task))
    return averaged([cell for cell in found if cell])


def _attribute_places(curve: Curve, modality: Modality) -> Sequence[Place]:
    run = curve.run
    task: Task = "attribute"
    return curve.study.people.places(
        source=run.source,
        base=run.base,
        objective=run.objective,
        modality=modality,
        task=task,
        role="eval",
        relearned=None,
        through=run.through,
        lr=run.lr,
        control=None,
    )
