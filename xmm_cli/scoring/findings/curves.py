"""Unlearning runs along their saved steps: what is still recalled of whom, in which modality."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from xmm_cli.rows.types import MODALITIES, Label, Modality, Task
from xmm_cli.scoring.findings.estimate import Person, Shares, mean
from xmm_cli.scoring.findings.people import Place
from xmm_cli.scoring.findings.study import Study, averaged
from xmm_cli.scoring.metric import SOURCES

AT_CHANCE = 0.05
"""Recall no further than this above chance counts as forgotten."""
RETRAIN = "retrain"

Steps = Mapping[Label | None, int]
"""A step for each seed."""


class Run(NamedTuple):
    """What sets one unlearning run apart, seeds aside."""

    source: Any
    base: str
    objective: str
    through: str
    lr: float | None = None
    """Where it is not the usual one."""


@dataclass(slots=True)
class Curve:
    """The saved steps of one run, all seeds together."""

    study: Study
    run: Run
    places: dict[tuple[str, Modality, int], Place] = field(default_factory=dict)
    """By set, modality and step; names only."""

    @property
    def steps(self) -> list[int]:
        """All saved steps, ascending."""
        return sorted({step for _, _, step in self.places})

    def at(self, set: str, modality: Modality, step: int) -> Shares:
        """Recall at a step."""
        place = self.places.get((set, modality, step))
        return self.study.people.shares(place) if place else {}

    def along(self, set: str, modality: Modality, steps: Steps, logprob: bool = False) -> Shares:
        """Recall, or log-probability, of each person at the step of their seed."""
        people = self.study.people
        found: dict[Person, float] = {}
        for step in sorted(dict.fromkeys(steps.values())):
            place = self.places.get((set, modality, step))
            if place is None:
                continue
            shares = people.logprobs(place) if logprob else people.shares(place)
            found |= {one: share for one, share in shares.items() if steps.get(one.seed) == step}
        return found

    def last(self) -> dict[Label | None, int]:
        """The last saved step of each seed."""
        found: dict[Label | None, int] = {}
        for (_, _, step), place in self.places.items():
            for person in self.study.people.shares(place):
                found[person.seed] = max(step, found.get(person.seed, step))
        return found

    def before(self, set: str, modality: Modality) -> Shares:
        """Recall of the same set before unlearning: at step 0, or of the plain parent."""
        start = self.at(set, modality, 0)
        if start:
            return start
        parent = self.study.shares(self.run.source, modality, self.run.base)
        members = {
            person
            for (other, asked, _), place in self.places.items()
            if (other, asked) == (set, modality)
            for person in self.study.people.shares(place)
        }
        return {person: share for person, share in parent.items() if person in members}

    def retained(self, steps: Steps) -> Shares:
        """Recall of the retain set, both modalities averaged."""
        return averaged([self.along("retain", modality, steps) for modality in MODALITIES])

    def retained_before(self) -> Shares:
        """The same before unlearning."""
        return averaged([self.before("retain", modality) for modality in MODALITIES])


def curves(study: Study) -> list[Curve]:
    """All unlearning runs, the yardstick left out."""
    return [curve for curve in every_curve(study) if curve.run.objective != RETRAIN]


def every_curve(study: Study) -> list[Curve]:
    """All unlearning runs and the yardstick, put together once."""
    made: list[Curve] = study.kept.setdefault("curves", [])
    if not made:
        made += _put_together(study)
    return made


def _put_together(study: Study) -> list[Curve]:
    found: dict[Run, Curve] = {}
    for place in study.people.places(task="name", role="eval", relearned=None, relearn_steps=None):
        odd = (place.mitigation, place.asking, place.control, place.names)
        if place.objective is None or place.set is None or place.steps is None or any(odd):
            continue
        through = place.through or "both"
        if through not in SOURCES and place.objective != RETRAIN:
            study.leave_out("unlearning", f"through {through!r}, which is no modality")
            continue
        run = Run(place.source, place.base, place.objective, through, place.lr)
        curve = found.setdefault(run, Curve(study, run))
        if place.modality is not None:
            curve.places[place.set, place.modality, place.steps] = place
    return list(found.values())


def retrained(study: Study, run: Run, modality: Modality, logprob: bool = False) -> Shares:
    """The forget set in the model trained without it, at its last step; empty if not there.

    That model depends on no modality of forgetting: any will do, the same one first.
    """
    fits = [
        curve
        for curve in every_curve(study)
        if (curve.run.objective, curve.run.source, curve.run.base)
        == (RETRAIN, run.source, run.base)
    ]
    fits.sort(key=lambda curve: (curve.run.through != run.through, curve.run.through))
    for curve in fits:
        found = curve.along("forget", modality, curve.last(), logprob)
        if found:
            return found
    return {}


def chance(study: Study, run: Run, modality: Modality, like: Shares) -> tuple[Shares, str]:
    """What one who never learned these persons gets, and who that is."""
    found = retrained(study, run, modality)
    if found:
        return found, "chance: the retrained model"
    found = study.untrained(modality, like, run.base)
    if found:
        return found, "chance: the untrained base"
    return dict.fromkeys(like, 0.0), "chance taken as 0"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """When the unlearned modality first reached chance."""

    steps: Mapping[Label | None, int]
    """Of the seeds that reached it."""
    seeds: int
    """Seeds that were followed."""
    learned: bool
    """Whether there was something to forget at the start."""

    def words(self) -> str:
        """`at step 40`."""
        steps = sorted(set(self.steps.values()))
        said = f"at step {' and '.join(map(str, steps))}"
        missed = self.seeds - len(self.steps)
        return f"{said}; {missed} of {self.seeds} seeds never got there" if missed else said


def forgotten(curve: Curve, modality: Modality) -> Forgotten:
    """The first saved step of each seed at which recall is within `AT_CHANCE` of chance."""
    before = curve.before("forget", modality)
    likes = [curve.at("forget", modality, step) for step in curve.steps]
    everyone: dict[Person, float] = {person: 0.0 for like in likes for person in like}
    guessed, _ = chance(curve.study, curve.run, modality, everyone)
    seeds = {person.seed for person in everyone}
    found: dict[Label | None, int] = {}
    for seed in seeds:
        limit = mean(of_seed(guessed, seed) or {Person(seed, ""): 0.0}) + AT_CHANCE
        for step in curve.steps:
            own = of_seed(curve.at("forget", modality, step), seed)
            if step > 0 and own and mean(own) <= limit:
                found[seed] = step
                break
    start = mean(before) if before else 1.0
    floor = mean(guessed) if guessed else 0.0
    return Forgotten(found, len(seeds), start > floor + AT_CHANCE)


def of_seed(shares: Shares, seed: Label | None) -> Shares:
    """The persons of one seed."""
    return {person: share for person, share in shares.items() if person.seed == seed}


def attribute_shares(curve: Curve, steps: Steps) -> Shares:
    """Accuracy in telling attributes at these steps, all persons, modalities averaged.

    Seeds without such rows at their step are taken at their last step that has them.
    """
    found: list[Shares] = []
    for modality in MODALITIES:
        by_step: dict[int, dict[Person, float]] = {}
        for place in _attribute_places(curve, modality):
            shares = curve.study.people.shares(place)
            by_step.setdefault(place.steps or 0, {}).update(shares)
        merged: dict[Person, float] = {}
        for step in sorted(by_step):
            merged |= {
                person: share
                for person, share in by_step[step].items()
                if person.seed in steps and step > 0
            }
        for step, shares in by_step.items():
            merged |= {p: share for p, share in shares.items() if steps.get(p.seed) == step}
        found.append(merged)
    return averaged([cell for cell in found if cell])


def attributes_before(curve: Curve) -> Shares:
    """The same before unlearning: at step 0, or of the plain parent."""
    found: list[Shares] = []
    for modality in MODALITIES:
        start: dict[Person, float] = {}
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
