"""Effects over the persons of findings, estimated as score rows are (`scoring.part`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, NamedTuple

import numpy as np

from xmm_cli.rows.types import Label
from xmm_cli.scoring.estimate import DIGITS, MOST_CHANCE
from xmm_cli.scoring.intervals import Formula
from xmm_cli.scoring.part import Columns, MetricCell, estimated
from xmm_cli.scoring.sample import numbered
from xmm_cli.study.verdict import Estimate

UNKNOWN_SEED = "unknown"


class SeededPerson(NamedTuple):
    """A person, and the seed of the runs in which they were taught."""

    seed: Label | None
    id: Any
    """Sortable; the key that score rows know the person by."""


Shares = Mapping[SeededPerson, float]
"""What each person got in one condition."""
Chances = Sequence[float | Shares | None]
"""What guessing earns in each condition: nothing that is taken off, a number, or what the untrained
base got, whose persons need no seed."""


@dataclass(frozen=True, slots=True)
class IntervalSettings:
    """How intervals are drawn."""

    level: float = 0.95
    resamples: int = 9999
    seed: int = 0


def in_order(person: SeededPerson) -> tuple[Any, int, str]:
    """Persons by key, as in score rows; the same one by seed."""
    seed = str(person.seed)
    return (person.id, len(seed), seed)


def shared(cells: Sequence[Shares]) -> list[SeededPerson]:
    """The persons who are in all of the conditions, in order."""
    return sorted(set.intersection(*(set(cell) for cell in cells)), key=in_order)


def mean(shares: Shares) -> float:
    """The mean over persons; NaN for none."""
    return float(np.mean(list(shares.values()))) if shares else float("nan")


def estimate(
    cells: Sequence[Shares],
    formula: Formula,
    drawing: IntervalSettings,
    *,
    chances: Chances | None = None,
    monotone: bool = True,
    bounded: bool = True,
) -> Estimate | None:
    """The effect `formula(mean of each condition)` over the persons in all conditions.

    `formula` takes numbers or arrays. With `chances`, one for each condition, it takes memory,
    (recall − chance) / (1 − chance), where one is given. `monotone`: in each condition; only then
    are exact intervals put together where a bootstrap fails. `bounded`: all values are shares, from
    0 to 1. Someone taught under several seeds is one person, with their mean over these, and the
    interval is then over persons alone. None where no person is in all conditions, the effect is
    not defined, or guessing earns nearly all.
    """
    persons = shared(cells)
    if not persons:
        return None
    table = [[cell[person] for cell in cells] for person in persons]
    table, fixed, places = _with_chances(table, persons, chances or [None] * len(cells))
    if any(chance is not None and chance > MOST_CHANCE for chance in fixed):
        return None

    def parts(rows: Any, seeds: Any = None) -> list[MetricCell]:
        columns = Columns(np.array(rows, float), drawing.resamples, drawing.seed, bounded, seeds)
        return [MetricCell(columns, at, fixed[at], places[at]) for at in range(len(cells))]

    own = parts(*_merged(persons, table))
    with np.errstate(all="ignore"):
        found = estimated(formula, own, drawing.level, monotone=monotone)
        by_seed = {
            name: _finite(formula(*(part.value() for part in parts(part_of))))
            for name, part_of in _by_seed(persons, table).items()
        }
    if not np.isfinite(found.value):
        return None
    low, high = map(_rounded, found.interval) if found.interval else (None, None)
    return Estimate(
        effect=_rounded(found.value),
        low=low,
        high=high,
        by_seed=by_seed,
        persons=len(own[0].columns.values),
        between=found.seeds,
        how=found.how,
        at=lambda level: estimated(formula, own, level, monotone=monotone).interval,
    )


def _with_chances(
    table: list[list[float]], persons: Sequence[SeededPerson], chances: Chances
) -> tuple[list[list[float]], list[float | None], list[int | None]]:
    """The table, with persons' own chances as more columns; fixed chances, and those columns."""
    fixed: list[float | None] = []
    places: list[int | None] = []
    for chance in chances:
        number, column = _chance(chance, persons)
        fixed.append(number)
        places.append(None if column is None else len(table[0]))
        if column is not None:
            table = [[*row, share] for row, share in zip(table, column, strict=True)]
    return table, fixed, places


def _chance(
    chance: float | Shares | None, persons: Sequence[SeededPerson]
) -> tuple[float | None, list[float] | None]:
    """A fixed number, and each person's own where all have one; as `Sample.chance`."""
    if chance is None or isinstance(chance, int | float):
        return chance, None
    if not chance:
        return 0.0, None
    by_key = {person.id: share for person, share in chance.items() if person.seed is None}
    own = [chance.get(person, by_key.get(person.id)) for person in persons]
    fixed = fsum(chance.values()) / len(chance)
    known = [share for share in own if share is not None]
    return fixed, known if len(known) == len(own) else None


def _merged(persons: Sequence[SeededPerson], table: Sequence[list[float]]) -> tuple[Any, Any]:
    """Each person's row once, and the numbers of their seeds."""
    rows: dict[Any, list[list[float]]] = {}
    for person, row in zip(persons, table, strict=True):
        rows.setdefault(person.id, []).append(row)
    if len(rows) == len(persons):
        return table, numbered([(person.seed,) for person in persons])
    return [[fsum(column) / len(own) for column in zip(*own, strict=True)]
            for own in rows.values()], None  # fmt: skip


def _by_seed(
    persons: Sequence[SeededPerson], table: Sequence[list[float]]
) -> dict[str, list[list[float]]]:
    """The rows of each seed, seeds by number."""
    rows: dict[str, list[list[float]]] = {}
    for person, row in zip(persons, table, strict=True):
        rows.setdefault(UNKNOWN_SEED if person.seed is None else str(person.seed), []).append(row)
    return {name: rows[name] for name in sorted(rows, key=lambda name: (len(name), name))}


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0


def _finite(value: Any) -> float | None:
    return _rounded(float(value)) if np.isfinite(value) else None
