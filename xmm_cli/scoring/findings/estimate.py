"""Effects over persons, with intervals from whole persons drawn anew within each seed.

The persons of different seeds are different people, taught in different runs. A resample draws
within each seed as many persons as it has, with all that was asked of them, so that conditions are
paired and no seed drops out. The ends are those of the BCa bootstrap (`scoring.intervals`). Where
some condition has fewer than `EDGE` persons who are not wholly right (or not wholly wrong), a
bootstrap does not see the rest of it: there each condition has its own interval, exact where need
be, and the effect's follows from them (`mover`), as for score rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from xmm_cli.rows.types import Label
from xmm_cli.scoring.findings.finding import Estimate
from xmm_cli.scoring.intervals import (
    Floats,
    Interval,
    bca,
    clopper_pearson,
    jackknife_means,
    mover,
    resampled_means,
)
from xmm_cli.scoring.sample import EDGE

Formula = Callable[..., Any]


UNKNOWN_SEED = "unknown"


class Person(NamedTuple):
    """A person, and the seed of the runs in which they were taught."""

    seed: Label | None
    id: str


Shares = Mapping[Person, float]
"""What each person got in one condition."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """How intervals are drawn."""

    level: float = 0.95
    resamples: int = 9999
    seed: int = 0


def in_order(person: Person) -> tuple[int, str, str]:
    """Seeds by number, persons by id."""
    seed = str(person.seed)
    return (len(seed), seed, person.id)


def shared(cells: Sequence[Shares]) -> list[Person]:
    """The persons who are in all of the conditions, in order."""
    return sorted(set.intersection(*(set(cell) for cell in cells)), key=in_order)


def mean(shares: Shares) -> float:
    """The mean over persons; NaN for none."""
    return float(np.mean(list(shares.values()))) if shares else float("nan")


def estimate(
    cells: Sequence[Shares],
    formula: Formula,
    drawing: Drawing,
    *,
    monotone: bool = True,
    bounded: bool = True,
) -> Estimate | None:
    """The effect `formula(mean of each condition)` over the persons in all conditions.

    `formula` takes numbers or arrays. `monotone`: in each condition; only then are exact intervals
    put together where a bootstrap fails. `bounded`: all values are shares, from 0 to 1. None where
    no person is in all conditions, or the effect is not defined.
    """
    persons = shared(cells)
    if not persons:
        return None
    columns = np.array([[cell[person] for cell in cells] for person in persons], dtype=np.float64)
    strata = [len(list(group)) for _, group in groupby(persons, key=lambda one: _name(one.seed))]
    parts = np.split(columns, np.cumsum(strata)[:-1])
    seeds = list(dict.fromkeys(_name(person.seed) for person in persons))
    with np.errstate(all="ignore"):
        effect = float(formula(*columns.mean(axis=0)))
        if not np.isfinite(effect):
            return None
        by_seed = {
            seed: _finite(formula(*part.mean(axis=0)))
            for seed, part in zip(seeds, parts, strict=True)
        }
        found = _interval(columns, parts, formula, drawing, monotone, bounded)
    low, high = (None, None) if found is None else (round(end, 6) + 0.0 for end in found)
    return Estimate(round(effect, 6) + 0.0, low, high, by_seed, len(persons))


def _name(seed: Label | None) -> str:
    return UNKNOWN_SEED if seed is None else str(seed)


def _finite(value: Any) -> float | None:
    return round(float(value), 6) + 0.0 if np.isfinite(value) else None


def _interval(
    columns: Floats,
    parts: Sequence[Floats],
    formula: Formula,
    drawing: Drawing,
    monotone: bool,
    bounded: bool,
) -> Interval | None:
    means = columns.mean(axis=0)
    exact = monotone and bounded
    if not (exact and any(_at_edge(column) for column in columns.T)):
        drawn = _resampled(parts, drawing)
        left_out = jackknife_means(columns) if len(columns) > 1 else columns
        value = float(formula(*means))
        found = bca(value, formula(*drawn.T), formula(*left_out.T), drawing.level)
        if found is not None or not exact:
            return found
    ends = [
        _own_interval(columns[:, [at]], [part[:, [at]] for part in parts], drawing)
        for at in range(columns.shape[1])
    ]
    return mover(formula, [float(one) for one in means], ends)


def _own_interval(column: Floats, parts: Sequence[Floats], drawing: Drawing) -> Interval:
    """The interval of one condition alone."""
    value = float(column.mean())
    if not _at_edge(column[:, 0]):
        drawn = _resampled(parts, drawing)[:, 0]
        found = bca(value, drawn, jackknife_means(column)[:, 0], drawing.level)
        if found is not None:
            return found
    return clopper_pearson(value, len(column), drawing.level)


def _at_edge(shares: Floats) -> bool:
    return bool(min(np.sum(shares > 0), np.sum(shares < 1)) < EDGE)


def _resampled(parts: Sequence[Floats], drawing: Drawing) -> Floats:
    """Means over all persons, each seed's drawn from its own: resamples x columns."""
    persons = sum(len(part) for part in parts)
    drawn = [
        resampled_means(part, drawing.resamples, drawing.seed + number) * (len(part) / persons)
        for number, part in enumerate(parts)
    ]
    return np.sum(drawn, axis=0)
