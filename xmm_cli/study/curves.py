"""Unlearning runs along their saved steps: what is still recalled of whom, in which modality."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from xmm_cli.models.labels import RETRAIN
from xmm_cli.rows.types import MODALITIES, Label, Modality
from xmm_cli.scoring.metric import SOURCES
from xmm_cli.study.effects import SeededPerson, Shares
from xmm_cli.study.guessing import Guess, guessed
from xmm_cli.study.place import Place
from xmm_cli.study.study import Study, averaged

StepBySeed = Mapping[Label | None, int]
"""A step for each seed."""


class UnlearningRun(NamedTuple):
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
    run: UnlearningRun
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

    def along(
        self, set: str, modality: Modality, steps: StepBySeed, logprob: bool = False
    ) -> Shares:
        """Recall, or log-probability, of each person at the step of their seed."""
        people = self.study.people
        found: dict[SeededPerson, float] = {}
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

    def retained(self, steps: StepBySeed) -> Shares:
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
    found: dict[UnlearningRun, Curve] = {}
    for place in study.people.places(task="name", role="eval", relearned=None, relearn_steps=None):
        odd = (place.mitigation, place.asking, place.control, place.names)
        if place.objective is None or place.set is None or place.steps is None or any(odd):
            continue
        through = place.through or "both"
        if through not in SOURCES and place.objective != RETRAIN:
            study.leave_out("unlearning", f"through {through!r}, which is no modality")
            continue
        run = UnlearningRun(place.source, place.base, place.objective, through, place.lr)
        curve = found.setdefault(run, Curve(study, run))
        if place.modality is not None:
            curve.places[place.set, place.modality, place.steps] = place
    return list(found.values())


def retrained(
    study: Study, run: UnlearningRun, modality: Modality, logprob: bool = False
) -> Shares:
    """The forget set in the model trained without it, at its last step; empty if not there.

    That model depends on no modality of forgetting: any will do, the same one first.
    """
    for curve in yardsticks(study, run):
        found = curve.along("forget", modality, curve.last(), logprob)
        if found:
            return found
    return {}


def yardsticks(study: Study, run: UnlearningRun) -> list[Curve]:
    """The runs that were retrained without the forget set of a run."""
    fits = [
        curve
        for curve in every_curve(study)
        if (curve.run.objective, curve.run.source, curve.run.base)
        == (RETRAIN, run.source, run.base)
    ]
    return sorted(fits, key=lambda one: (one.run.through != run.through, one.run.through))


def retrained_models(study: Study, run: UnlearningRun, modality: Modality) -> Sequence[Shares]:
    """Log-probabilities of the forget set in the models trained without it, at their last step.

    The first, the second … model of each seed's people stand together. A model that was trained
    without other people is left out.
    """
    wanted = _people_by_seed(_asked_of(study, run, modality))
    by_seed: dict[tuple[Label | None, str], dict[SeededPerson, float]] = {}
    for curve in yardsticks(study, run):
        steps = curve.last()
        for (members, asked, step), place in curve.places.items():
            if (members, asked) != ("forget", modality):
                continue
            for model, shares in study.people.logprobs_by_model(place).items():
                for person, value in shares.items():
                    if steps.get(person.seed) == step:
                        by_seed.setdefault((person.seed, model), {})[person] = value
    found: list[dict[SeededPerson, float]] = []
    placed: Counter[Label | None] = Counter()
    for seed, model in sorted(by_seed, key=str):
        own = by_seed[seed, model]
        if own.keys() != wanted.get(seed, set()):
            continue
        if placed[seed] == len(found):
            found.append({})
        found[placed[seed]].update(own)
        placed[seed] += 1
    return found


def _asked_of(study: Study, run: UnlearningRun, modality: Modality) -> set[SeededPerson]:
    """The forget set of a run."""
    return {
        person
        for curve in every_curve(study)
        if curve.run == run
        for (members, asked, _), place in curve.places.items()
        if (members, asked) == ("forget", modality)
        for person in study.people.logprobs(place)
    }


def _people_by_seed(people: Iterable[SeededPerson]) -> dict[Label | None, set[SeededPerson]]:
    found: dict[Label | None, set[SeededPerson]] = {}
    for person in people:
        found.setdefault(person.seed, set()).add(person)
    return found


def guess_of(curve: Curve, modality: Modality, like: Shares) -> Guess:
    """What one who never learned these persons gets, and who that is.

    Strangers tell it best: they are many, and ask the same model. Then the retrained model, then
    the untrained base.
    """
    run = curve.run
    found = guessed(curve.study, run.source, modality, like, run.base)
    if isinstance(found.chance, float):
        return found
    other = retrained(curve.study, run, modality)
    return Guess(other, "chance: the retrained model") if other else found
