"""What all families of findings start from: the counts, what is plain among them, and a pen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xmm_cli.rows.types import Finding, Modality, Task, Unit
from xmm_cli.scoring.intervals import Formula
from xmm_cli.study.condition_counts import ConditionCounts
from xmm_cli.study.effects import (
    UNKNOWN_SEED,
    Chances,
    IntervalSettings,
    SeededPerson,
    Shares,
    estimate,
    mean,
)
from xmm_cli.study.place import Place
from xmm_cli.study.spread import spread_of
from xmm_cli.study.verdict import FEW_PERSONS, Claim, Estimate, judge, p_value

DEFAULT_BASE = "xmm-base"
USUAL_VIEWS = 8
OTHER: dict[Modality, Modality] = {"image": "text", "text": "image"}
DIRECTIONS: tuple[tuple[Modality, Modality], ...] = (("image", "text"), ("text", "image"))


@dataclass(slots=True)
class Study:
    """The counts, with the base and the number of views that count as plain.

    `base` is `xmm-base`, or the one with most persons asked where that is absent. `views` is the
    number of training views that occurs with most bases; among equals 8, then the one with most
    persons asked.
    """

    people: ConditionCounts
    drawing: IntervalSettings = field(default_factory=IntervalSettings)
    base: str = ""
    views: int | None = None
    missing: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """What could not be found for want of rows, and why."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What a family made and another one can use."""

    def __post_init__(self) -> None:
        cells = [(place, len(persons)) for place, persons in self.people.counts.items()]
        cells += [(inner.place, len(persons)) for inner, persons in self.people.inside.items()]
        taught = [(place, number) for place, number in cells if place.source is not None]
        asked: Counter[str] = Counter()
        for place, number in taught or cells:
            asked[place.base] += number
        if DEFAULT_BASE in asked:
            self.base = DEFAULT_BASE
        elif asked:
            self.base = min(asked, key=lambda name: (-asked[name], name))
        self.views = _usual_views(taught)

    def place(self, source: Any, modality: Any, base: str | None = None, **fields: Any) -> Place:
        """A condition that is plain but for what is given."""
        views = fields.pop("views", self.views if source is not None else None)
        return Place(source, modality, base or self.base, views, **fields)

    def shares(self, source: Any, modality: Any, base: str | None = None, **fields: Any) -> Shares:
        """The shares of right answers there; empty where nothing was asked."""
        return self.people.shares(self.place(source, modality, base, **fields))

    def untrained(
        self,
        modality: Modality,
        like: Shares,
        base: str | None = None,
        task: Task = "name",
        hops: int = 1,
    ) -> Shares:
        """What the untrained base answers about the persons in `like`; it may know no seed."""
        shares = self.shares(None, modality, base, task=task, hops=hops)
        by_id = {person.id: share for person, share in shares.items()}
        aligned = {person: shares.get(person, by_id.get(person.id)) for person in like}
        return {person: share for person, share in aligned.items() if share is not None}

    def with_seeds(self, shares: Shares) -> Shares:
        """The same persons under the seeds in which they were taught, where the rows tell one.

        The untrained base has no seed, but its persons are those of several.
        """
        if "seeds" not in self.kept:
            taught: dict[str, set[SeededPerson]] = {}
            for place, persons in self.people.counts.items():
                if place.source is not None and place.role == "eval":
                    for person in persons:
                        taught.setdefault(person.id, set()).add(person)
            self.kept["seeds"] = {
                name: next(iter(persons)) for name, persons in taught.items() if len(persons) == 1
            }
        known: dict[str, SeededPerson] = self.kept["seeds"]
        return {
            person if person.seed is not None else known.get(person.id, person): share
            for person, share in shares.items()
        }

    def bases(self) -> list[str]:
        """Bases with plain trained models, in the order of the ladder, then by name."""
        bases = {
            place.base
            for place in self.people.places(task="name", views=self.views)
            if place.plain and place.source is not None
        }
        return sorted(bases, key=lambda name: (ladder_place(name, self.base), name))

    def leave_out(self, what: str, why: str, direction: str = "") -> None:
        """Remember what could not be found."""
        self.missing.setdefault((what, why), []).append(direction)

    def left_out(self) -> str:
        """What could not be found, on one line; a direction is named where only one is missing."""
        said = []
        for (what, why), directions in self.missing.items():
            only = f" {directions[0]}" if len(directions) == 1 and directions[0] else ""
            said.append(f"{what}{only} ({why})")
        return ", ".join(said)

    def finding(
        self,
        family: str,
        claim: str,
        measure: str,
        test: Claim,
        cells: Sequence[Shares],
        formula: Formula,
        *,
        unit: Unit = "difference of shares",
        comment: str = "",
        chances: Chances | None = None,
        monotone: bool = True,
        bounded: bool = True,
    ) -> Finding:
        """A row: the effect over these conditions, judged alone; see `estimate` and `judge`."""
        estimated = estimate(
            cells, formula, self.drawing, chances=chances, monotone=monotone, bounded=bounded
        )
        if estimated is None:
            why = comment or "no person was asked everything"
            return empty(family, claim, measure, unit, why)
        spread, p_spread = spread_of(cells, formula, chances, self.drawing.seed)
        with np.errstate(all="ignore"):
            p, verdict = p_value(estimated, test), judge(estimated, test)
        return Finding(
            family=family,
            claim=claim,
            measure=measure,
            effect=estimated.effect,
            low=estimated.low,
            high=estimated.high,
            level=self.drawing.level,
            p=p,
            spread=spread,
            p_spread=p_spread,
            verdict=verdict,
            persons=estimated.persons,
            seeds=len(estimated.by_seed),
            by_seed=dict(estimated.by_seed),
            unit=unit,
            comment="; ".join([comment] * bool(comment) + _remarks(estimated, bounded)),
        )

    def share_of(
        self,
        family: str,
        claim: str,
        measure: str,
        test: Claim,
        cell: Shares,
        *,
        comment: str = "",
        chance: float | Shares | None = None,
    ) -> Finding:
        """A row about one condition's own share, or memory where a chance is given."""
        return self.finding(
            family, claim, measure, test, [cell], itself,
            unit="share", comment=comment, chances=[chance],
        )  # fmt: skip


def _remarks(estimated: Estimate, bounded: bool) -> list[str]:
    """What to know about an estimate."""
    said = ["no interval"] if estimated.low is None else []
    if estimated.between and (limits := estimated.between.limits(100 if bounded else 1)):
        said.append(limits)
    if estimated.persons < FEW_PERSONS:
        said.append(f"few persons ({estimated.persons})")
    if len(estimated.by_seed) == 1 and UNKNOWN_SEED not in estimated.by_seed:
        said.append("one seed")
    return said


def _usual_views(taught: Sequence[tuple[Place, int]]) -> int | None:
    """As the class says; where nothing is plain, of all models."""
    known = [(place, number) for place, number in taught if place.views is not None]
    plain = [(place, number) for place, number in known if place.plain]
    bases: dict[int, set[str]] = {}
    persons: Counter[int] = Counter()
    for place, number in plain or known:
        bases.setdefault(place.views or 0, set()).add(place.base)
        persons[place.views or 0] += number
    if not bases:
        return None
    return max(
        bases, key=lambda views: (len(bases[views]), views == USUAL_VIEWS, persons[views], views)
    )


def empty(family: str, claim: str, measure: str, unit: Unit, why: str) -> Finding:
    """A row without a number."""
    return Finding(
        family=family,
        claim=claim,
        measure=measure,
        effect=None,
        low=None,
        high=None,
        verdict="unclear",
        persons=0,
        seeds=0,
        unit=unit,
        comment=why,
    )


def sizes(base: str) -> list[str]:
    """The bases that differ from this one in size alone, and itself, from small to large."""
    return [f"{base}-xs", f"{base}-s", base]


def ladder_place(name: str, base: str) -> int:
    """Where a base stands on the ladder of the default one: bare, then by size; others last."""
    ladder = [f"{base}-bare", *sizes(base)]
    return ladder.index(name) if name in ladder else len(ladder)


def minus(first: Any, second: Any) -> Any:
    """The difference of two means."""
    return first - second


def itself(value: Any) -> Any:
    """The mean itself."""
    return value


def averaged(cells: Sequence[Shares]) -> dict[SeededPerson, float]:
    """Each person's mean over conditions, of those who are in all."""
    if not cells:
        return {}
    persons = set.intersection(*(set(cell) for cell in cells))
    return {person: sum(cell[person] for cell in cells) / len(cells) for person in persons}


def percent(value: float) -> str:
    """`83 %`."""
    return f"{100 * value:.0f} %"


def percents(cells: Sequence[Shares]) -> str:
    """`12, 30 and 55 %`: the means of several conditions."""
    numbers = [f"{100 * mean(cell):.0f}" for cell in cells]
    return f"{', '.join(numbers[:-1])} and {numbers[-1]} %" if numbers[1:] else f"{numbers[0]} %"
