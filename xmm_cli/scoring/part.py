"""The parts of a metric, each a cell, and the value and interval of what is made from them.

Score rows, comparisons of runs, findings and figures all take theirs from `estimated`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import fsum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xmm_cli.scoring.between import Between, between
from xmm_cli.scoring.intervals import (
    Floats,
    Formula,
    Interval,
    bca,
    clopper_pearson,
    jackknife_means,
    mover,
    resampled_means,
)
from xmm_cli.scoring.metric import mean
from xmm_cli.scoring.metrics.memory import corrected

EDGE = 3
"""A bootstrap needs this many persons who are not wholly right, and as many not wholly wrong:
below, its interval collapses (measured in tests/scoring/test_coverage.py)."""


@dataclass(slots=True)
class Columns:
    """What persons got in some cells, and how intervals over them are drawn.

    The draws depend on the number of persons and on `seed` alone: of the same persons, in the same
    order, all that is made is paired.
    """

    values: Floats
    """Persons x cells, float64."""
    resamples: int
    seed: int
    bounded: bool = True
    """Whether all values lie between 0 and 1."""
    seeds: NDArray[np.int64] | None = None
    """The number of the seed, from 0, that each person was taught under; None where that does not
    matter, or is not known."""
    _resampled: Floats | None = field(default=None, repr=False)

    def mean(self, at: int) -> float:
        """The mean over persons; summed exactly, so that no order changes it."""
        return fsum(self.values[:, at]) / len(self.values)

    def resampled(self, at: int) -> Floats:
        """The mean in each resample."""
        if self._resampled is None:
            self._resampled = resampled_means(self.values, self.resamples, self.seed)
        return self._resampled[:, at]

    def left_out(self, at: int) -> Floats:
        """The mean without each of the persons, of whom there are several."""
        return jackknife_means(self.values[:, at])

    def at_edge(self, at: int) -> bool:
        """Whether too few persons differ from 0, or from 1, for a bootstrap to see."""
        shares = self.values[:, at]
        return self.bounded and bool(min(np.sum(shares > 0), np.sum(shares < 1)) < EDGE)


@dataclass(frozen=True, slots=True)
class Part:
    """One cell of a metric: recall, or recall corrected for chance."""

    columns: Columns
    at: int
    chance: float | None = None
    """What guessing earns; None: raw recall is meant."""
    chance_at: int | None = None
    """The column of what guessing earns each person, instead of the number."""

    def value(self) -> float:
        """The estimate."""
        return float(self._taken(self.columns.mean))

    def resampled(self) -> Any:
        """The estimate in each resample."""
        return self._taken(self.columns.resampled)

    def left_out(self) -> Any:
        """The estimate without each of the persons."""
        return self._taken(self.columns.left_out)

    def pair(self) -> tuple[Floats, Floats]:
        """Each person's value, and their chance (0 where none is taken off)."""
        values = self.columns.values[:, self.at]
        if self.chance_at is not None:
            return values, self.columns.values[:, self.chance_at]
        return values, np.full(len(values), self.chance or 0.0)

    def made_of(self, value: Any, chance: Any) -> Any:
        """The estimate from the means of both."""
        return value if self.chance is None else corrected(value, chance)

    def at_mean(self, value: float) -> float:
        """The estimate if the value's mean were this, and chance what it is."""
        chance = self.chance if self.chance_at is None else self.columns.mean(self.chance_at)
        return float(self.made_of(value, chance))

    def interval(self, level: float) -> Interval | None:
        """The interval of this part alone; None only where values are not shares."""
        return estimated(mean, [self], level).interval

    def _taken(self, take: Callable[[int], Any]) -> Any:
        chance = self.chance if self.chance_at is None else take(self.chance_at)
        return self.made_of(take(self.at), chance)


class Estimated(NamedTuple):
    """A value, its interval (None: there is none), and how that was made."""

    value: float
    interval: Interval | None
    how: str
    seeds: Between | None = None
    """What several seeds add."""


def estimated(
    formula: Formula, parts: Sequence[Part], level: float, *, monotone: bool = True
) -> Estimated:
    """The value of `formula` over the parts, and its interval.

    The parts are over the same persons, in the same order. All are resampled together (BCa,
    expanded for few persons). Where one part lies so near 0 or 1 that a bootstrap does not see the
    rest of it, each has its own interval, and the formula's follows from them (MOVER), which needs
    shares and a formula that is `monotone` in each. Where persons have several seeds, an interval
    is widened for these (`scoring.between`).

    `formula` takes one number, or one array of resamples, for each part.
    """
    value = float(formula(*(part.value() for part in parts)))
    columns = parts[0].columns
    exact = monotone and all(part.columns.bounded for part in parts)
    persons = len(columns.values)
    if persons == 1 and not exact:
        return Estimated(value, None, "no interval: one person")
    left_out = formula(*(part.left_out() for part in parts)) if persons > 1 else np.empty(0)
    seeds = _seeds(left_out, columns.seeds, level)
    if not (exact and any(part.columns.at_edge(part.at) for part in parts)):
        drawn = formula(*(part.resampled() for part in parts))
        found = bca(value, drawn, left_out, level)
        if found is not None:
            how = f"BCa bootstrap over persons, {columns.resamples} resamples, seed {columns.seed}"
            if seeds is None:
                return Estimated(value, found, how)
            found = _stretched(found, value, seeds.stretch)
            if exact:
                found = _within(found.holding(value), formula, parts, level)
            return Estimated(value, found, f"{how}; {_said(seeds, columns)}", seeds)
    if not exact:
        return Estimated(value, None, "no interval: persons do not differ, or are too few", seeds)
    said = "" if seeds is None else f"; {_said(seeds, columns)}"
    if len(parts) == 1:
        how = "Clopper-Pearson over persons, too few of whom differ for a bootstrap"
        return Estimated(value, _exact(parts[0], seeds, level), how + said, seeds)
    values, ends = [part.value() for part in parts], [part.interval(level) for part in parts]
    found = mover(formula, values, [one for one in ends if one is not None])
    if found is None:
        return Estimated(value, None, "no interval: what it divides by may be 0", seeds)
    how = "MOVER over persons, too few of whom differ in some cell for a bootstrap"
    return Estimated(value, found, how + said, seeds)


def _seeds(left_out: Floats, seeds: NDArray[np.int64] | None, level: float) -> Between | None:
    if seeds is None or len(left_out) == 0:
        return None
    return between((len(left_out) - 1) * (left_out.mean() - left_out), seeds, level)


def _said(seeds: Between, columns: Columns) -> str:
    return seeds.words(100 if columns.bounded else 1)


def _stretched(interval: Interval, value: float, times: float) -> Interval:
    return Interval(*(value + times * (end - value) for end in interval))


def _exact(part: Part, seeds: Between | None, level: float) -> Interval:
    """Clopper-Pearson; of several seeds with the number of persons that would be worth as much.

    E. Korn, B. Graubard, Survey Methodology 24 (1998), on samples of clusters.
    """
    recall, persons = part.columns.mean(part.at), len(part.columns.values)
    worth = persons if seeds is None else persons / seeds.stretch**2
    return Interval(*(part.at_mean(end) for end in clopper_pearson(recall, worth, level)))


def _within(found: Interval, formula: Formula, parts: Sequence[Part], level: float) -> Interval:
    """The interval, of which no end lies beyond what the formula can be over the parts' own."""
    if len(parts) == 1:
        ends = [[parts[0].at_mean(end) for end in (0.0, 1.0)]]
    else:
        ends = [list(part.interval(level) or ()) for part in parts]
    corners = [float(formula(*corner)) for corner in product(*ends)]
    if not np.all(np.isfinite(corners)):
        return found
    return Interval(max(found.low, min(corners)), min(found.high, max(corners)))
