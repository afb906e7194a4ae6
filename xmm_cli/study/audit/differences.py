"""An unlearned model beside those that never met its forget set: differences over persons.

- Beside retrained models persons are paired: each person's share of right answers of the unlearned
  model, minus the mean of that of the retrained ones. The interval is that of findings
  (`study.estimate`), at any level.
- Beside strangers, who are other persons, each side has its own interval, and both are put together
  (MOVER, `scoring.intervals`).
- Within the margin δ: two one-sided tests at the level α each (D. Schuirmann, J. Pharmacokin.
  Biopharm. 15 (1987)), that is, the interval of level 1 − 2α lies within ±δ.
- p, one-sided, of a difference beyond δ: the interval turned round (`study.verdict.p_value`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, nan
from typing import Any, NamedTuple, TypeVar

from xmm_cli.rows.types import MODALITIES, Modality
from xmm_cli.scoring.counts import PersonCounts
from xmm_cli.scoring.intervals import Interval, mover
from xmm_cli.scoring.persons import Person
from xmm_cli.scoring.scan import Measure, WantedCounts
from xmm_cli.study.audit.audited_models import PLAIN, RELEARN, AuditedModel, WayOfAsking
from xmm_cli.study.audit.cases import AuditCase
from xmm_cli.study.effects import IntervalSettings, SeededPerson, Shares, estimate
from xmm_cli.study.study import averaged, itself, minus
from xmm_cli.study.verdict import FEW_PERSONS, Claim, Estimate, p_value

BEHIND = "behind"
WANTED = WantedCounts({BEHIND: Measure("(rank - 1) / nullif(candidates - 1, 0)")})
"""What an audit needs counted: the share of wrong candidates ranked before the right answer."""

Side = int
Test = TypeVar("Test")
ABOVE, BELOW = 1, -1


@dataclass(frozen=True, slots=True)
class AuditRule:
    """What is declared before: the margin, the level of each test, and how intervals are drawn."""

    margin: float = 0.1
    level: float = 0.05
    resamples: int = 9999
    seed: int = 0

    @property
    def drawing(self) -> IntervalSettings:
        """For intervals of two one-sided tests."""
        return IntervalSettings(1 - 2 * self.level, self.resamples, self.seed)


class Arms(NamedTuple):
    """What persons got under one way of asking: the forget set of each model, and strangers.

    The seed of a person is the number of their case. Someone who is to be forgotten in several
    cases is one person, with their mean over these.
    """

    before: Shares
    unlearned: Shares
    beside: Shares
    """Each person's mean over the retrained models of their case."""
    retrained: list[Shares]
    """Of each retrained model, by its place in its case: two of them tell the noise."""
    strangers: Shares

    @property
    def reference(self) -> Shares:
        """Of the retrained models together, or of strangers where there is none."""
        return self.beside or self.strangers


class Kept(NamedTuple):
    """What persons whom a model is to know got, before unlearning and after."""

    before: Shares
    after: Shares


def arms_of(
    cases: Sequence[AuditCase], modality: Modality, attack: str, way: str = "share"
) -> Arms:
    """All cases together."""
    models = max(len(case.retrained) for case in cases)
    beside: dict[SeededPerson, float] = {}
    before: dict[SeededPerson, float] = {}
    unlearned: dict[SeededPerson, float] = {}
    strangers: dict[SeededPerson, float] = {}
    retrained: list[dict[SeededPerson, float]] = [{} for _ in range(models)]
    for number, case in enumerate(cases):
        wanted = case.unlearned.forget_set
        own, others, asked = case.unlearned, case.retrained, attack
        if attack in case.again:
            own, others = case.again[attack]
            asked = PLAIN
        start = PLAIN if attack.startswith(RELEARN) else attack
        members = _shares(case.before, modality, start, None, way, number)
        before |= {one: share for one, share in members.items() if one.id in wanted}
        unlearned |= _shares(own, modality, asked, "forget", way, number)
        strangers |= _shares(own, modality, asked, None, way, number, role="aux")
        of_models = [_shares(other, modality, asked, "forget", way, number) for other in others]
        found = [{one: own[one] for one in own if one.id in wanted} for own in of_models]
        beside |= averaged([one for one in found if one])
        for place, shares in enumerate(found):
            retrained[place] |= shares
    return Arms(before, unlearned, beside, [one for one in retrained if one], strangers)


def taught_of(cases: Sequence[AuditCase], modality: Modality, attack: str) -> Kept:
    """Those whom an attack by teaching taught, asked in the modality in which they were taught.

    In `modality` if that is both.
    """
    taught = attack.removeprefix(f"{RELEARN}-")
    asked = next((one for one in MODALITIES if one == taught), modality)
    models = {
        number: case.again[attack][0] for number, case in enumerate(cases) if attack in case.again
    }
    return _kept(cases, models, asked, "relearned")


def by_person(shares: Shares) -> dict[Person, float]:
    """Each person once, with their mean over cases."""
    found: dict[Person, list[float]] = defaultdict(list)
    for one, share in shares.items():
        found[one.id].append(share)
    return {person: fsum(own) / len(own) for person, own in found.items()}


def recall(shares: Shares) -> float:
    """The mean over people; NaN for none."""
    found = by_person(shares)
    return fsum(found.values()) / len(found) if found else nan


def kept_of(cases: Sequence[AuditCase], modality: Modality) -> Kept:
    """The retain set, plainly asked."""
    return _kept(cases, dict(enumerate(case.unlearned for case in cases)), modality, "retain")


def earlier_of(cases: Sequence[AuditCase], modality: Modality) -> Kept:
    """Those whom earlier runs were to forget, when that was done and at the end, plainly asked."""
    before: dict[SeededPerson, float] = {}
    after: dict[SeededPerson, float] = {}
    for number, case in enumerate(cases):
        after |= _shares(case.unlearned, modality, PLAIN, "earlier", "share", number)
        if case.earlier is not None:
            for set in ("forget", "earlier"):
                before |= _shares(case.earlier, modality, PLAIN, set, "share", number)
    return Kept(before, after)


def _kept(
    cases: Sequence[AuditCase], models: Mapping[int, AuditedModel], modality: Modality, set: str
) -> Kept:
    """A set of a model of each case, by its number, plainly asked, and the same people before."""
    before: dict[SeededPerson, float] = {}
    after: dict[SeededPerson, float] = {}
    for number, model in models.items():
        own = _shares(model, modality, PLAIN, set, "share", number)
        start = _shares(cases[number].before, modality, PLAIN, None, "share", number)
        before |= {one: share for one, share in start.items() if one in own}
        after |= {one: share for one, share in own.items() if one in start}
    return Kept(before, after)


def _shares(
    model: AuditedModel,
    modality: Modality,
    attack: str,
    set: str | None,
    way: str,
    number: int,
    role: str = "eval",
) -> dict[SeededPerson, float]:
    """Each person's share; whoever stands in no set, or in any, where `set` is None."""
    found: dict[SeededPerson, float] = {}
    for cell, persons in model.cells.items():
        asked = (cell.modality, _name(model, cell), cell.role) == (modality, attack, role)
        if asked and (set is None or cell.set == set):
            for person, counts in persons.items():
                share = _share(counts, way)
                if share is not None:
                    found[SeededPerson(number, person)] = share
    return found


def _name(model: AuditedModel, cell: WayOfAsking) -> str:
    """A model that was taught again is the attack itself."""
    taught = model.was_taught_again and cell.attack.startswith(RELEARN)
    return PLAIN if taught else cell.attack


def _share(counts: PersonCounts, way: str) -> float | None:
    if way == "share":
        way = "generate" if counts.questions else "rank"
    number, total = counts.of(way)
    return total / number if number else None


@dataclass(frozen=True, slots=True)
class Difference:
    """The unlearned model minus its reference."""

    estimate: Estimate
    rule: AuditRule

    @property
    def value(self) -> float:
        """The difference itself."""
        return self.estimate.effect

    @property
    def enough(self) -> bool:
        """Whether there are persons enough for a verdict, and an interval."""
        return self.estimate.persons >= FEW_PERSONS and self.estimate.low is not None

    @property
    def within(self) -> bool:
        """Whether it is shown to be within the margin."""
        low, high, margin = self.estimate.low, self.estimate.high, self.rule.margin
        return (
            self.enough and low is not None and high is not None and -margin < low <= high < margin
        )

    def p(self, side: Side) -> float:
        """One-sided, of a difference of more than the margin on that side; 1 where it is less."""
        threshold = side * self.rule.margin
        if not self.enough or side * (self.value - threshold) <= 0:
            return 1.0
        found = p_value(self.estimate, Claim("apart", threshold))
        return 1.0 if found is None else found / 2


def difference(arms: Arms, rule: AuditRule) -> Difference | None:
    """Paired with the retrained models, else beside strangers; None where one side is lacking."""
    if arms.beside:
        found = estimate([arms.unlearned, arms.reference], minus, rule.drawing)
        return None if found is None else Difference(found, rule)
    own = estimate([arms.unlearned], itself, rule.drawing)
    other = estimate([arms.strangers], itself, rule.drawing)
    if own is None or other is None:
        return None
    return Difference(_unpaired(own, other, rule.drawing.level), rule)


def _unpaired(own: Estimate, other: Estimate, level: float) -> Estimate:
    """The difference of two estimates over different persons."""
    value = own.effect - other.effect

    def at(level: float) -> Interval | None:
        ends = [one.at(level) if one.at else None for one in (own, other)]
        if ends[0] is None or ends[1] is None:
            return None
        moved = Interval(ends[0].low - other.effect, ends[0].high - other.effect)
        against = Interval(own.effect - ends[1].high, own.effect - ends[1].low)
        return mover(value, [moved, against])

    found = at(level)
    low, high = (None, None) if found is None else found
    return replace(own, effect=value, low=low, high=high, by_seed={}, at=at)


def kept_part(kept: Kept, part: float, rule: AuditRule) -> Estimate | None:
    """What the retain set has after, minus `part` of what it had before."""

    def left(after: Any, before: Any) -> Any:
        return after - part * before

    return estimate([kept.after, kept.before], left, rule.drawing)


def noise_of(arms: Arms) -> float | None:
    """By how much the first two retrained models differ, over the persons of both."""
    if len(arms.retrained) < 2:
        return None
    first, second = arms.retrained[:2]
    shared = first.keys() & second.keys()
    if not shared:
        return None
    return abs(recall({one: first[one] - second[one] for one in shared}))


def holm(ps: Mapping[Test, float]) -> dict[Test, float]:
    """Holm's p of each (S. Holm, Scand. J. Statist. 6 (1979))."""
    if not ps:
        return {}
    from statsmodels.stats.multitest import multipletests

    adjusted = multipletests(list(ps.values()), method="holm")[1].tolist()
    return dict(zip(ps, adjusted, strict=True))
