"""The parts of a metric, each a cell, and the value and interval of what is made from them.

Score rows, comparisons of runs, findings and figures all take theirs from `estimated`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import fsum, inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xmm_cli.scoring.between import Between, between
from xmm_cli.scoring.intervals import (
    TIE,
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

EDGE = 5
"""A bootstrap needs this many persons who are not wholly right, and as many not wholly wrong:
below, its interval is too narrow (`python -m tests.benchmarks.coverage`)."""


@dataclass(slots=True, eq=False)
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
    _means: dict[int, float] = field(default_factory=dict, repr=False)
    _resampled: Floats | None = field(default=None, repr=False)

    def mean(self, at: int) -> float:
        """The mean over persons; summed exactly, so that no order changes it."""
        if at not in self._means:
            self._means[at] = np.float64(fsum(self.values[:, at].tolist()) / len(self.values))
        return self._means[at]

    def resampled(self, at: int) -> Floats:
        """The mean in each resample."""
        if self._resampled is None:
            drawn = resampled_means(self.values, self.resamples, self.seed)
            self._resampled = np.ascontiguousarray(drawn.T)
        return self._resampled[at]

    def left_out(self, at: int) -> Floats:
        """The mean without each of the persons, of whom there are several."""
        return jackknife_means(self.values[:, at])

    def at_edge(self, at: int) -> bool:
        """Whether too few persons differ from 0, or from 1, for a bootstrap to see."""
        shares = self.values[:, at]
        least = int(min(np.count_nonzero(shares > 0), np.count_nonzero(shares < 1)))
        return self.bounded and least < EDGE


Column = tuple[Columns, int]
Take = Callable[[Columns, int], Any]


@dataclass(frozen=True, slots=True)
class MetricCell:
    """One cell of a metric: recall, or recall corrected for chance."""

    columns: Columns
    at: int
    chance: float | None = None
    """What guessing earns; None: raw recall is meant."""
    chance_at: int | None = None
    """The column of what guessing earns each person, instead of the number."""

    def value(self) -> float:
        """The estimate."""
        return np.float64(self.made(Columns.mean))

    def made(self, take: Take) -> Any:
        """The estimate from what is taken of each column: its mean, or means."""
        chance = self.chance if self.chance_at is None else take(self.columns, self.chance_at)
        return self.made_of(take(self.columns, self.at), chance)

    def used(self) -> list[Column]:
        """The columns that it is made of.

        Not a chance that nobody had: it is taken as exact, as where the base was not asked.
        """
        places = [self.at]
        if self.chance_at is not None and self.columns.values[:, self.chance_at].any():
            places.append(self.chance_at)
        return [(self.columns, at) for at in places]

    def pair(self) -> tuple[Floats, Floats]:
        """Each person's value, and their chance (0 where none is taken off)."""
        values = self.columns.values[:, self.at]
        if self.chance_at is not None:
            return values, self.columns.values[:, self.chance_at]
        return values, np.full(len(values), self.chance or 0.0)

    def made_of(self, value: Any, chance: Any) -> Any:
        """The estimate from the means of both."""
        return value if self.chance is None else corrected(value, chance)

    def bounds(self, level: float) -> tuple[float, float]:
        """The least and the most that it can be, if chance is as high as its own interval says."""
        chance = self.chance
        for own, at in self.used()[1:]:
            chance = clopper_pearson(own.mean(at), len(own.values), level).high
        with np.errstate(all="ignore"):
            return float(self.made_of(np.float64(0.0), chance)), 1.0

    def interval(self, level: float) -> Interval | None:
        """The interval of this part alone; None only where values are not shares."""
        return estimated(mean, [self], level).interval


class Estimated(NamedTuple):
    """A value, its interval (None: there is none), and how that was made."""

    value: float
    interval: Interval | None
    how: str
    seeds: Between | None = None
    """What several seeds add."""


def estimated(
    formula: Formula,
    parts: Sequence[MetricCell],
    level: float,
    *,
    monotone: bool = True,
    least: float = -inf,
) -> Estimated:
    """The value of `formula` over the parts, and its interval.

    The parts are over the same persons, in the same order. All columns are resampled together (BCa,
    expanded for few persons), but for those so near 0 or 1 that a bootstrap does not see the rest
    of them: these have exact intervals, and what each of their ends alone moves the value is put
    together with the others' interval (MOVER). That needs shares and a formula that is `monotone`
    in each. Where persons have several seeds, an interval is widened for these (`scoring.between`).

    `formula` takes one number, or one array of resamples, for each part, and gives none below
    `least`.
    """
    value = float(formula(*(part.made(Columns.mean) for part in parts)))
    columns = parts[0].columns
    exact = monotone and all(part.columns.bounded for part in parts)
    if len(columns.values) == 1 and not exact:
        return Estimated(value, None, "no interval: one person")
    seeds = _seeds(formula, parts, level)
    interval, how = _interval(formula, parts, level, exact, least)
    if interval is None:
        return Estimated(value, None, how, seeds)
    if seeds is not None:
        interval = Interval(*(value + seeds.stretch * (end - value) for end in interval))
        how = f"{how}; {seeds.words(100 if columns.bounded else 1)}"
    if exact and how != _bca_words(columns):
        interval = _possible(interval, formula, parts, level, least)
    return Estimated(value, interval.holding(value), how, seeds)


def _bca_words(columns: Columns) -> str:
    return f"BCa bootstrap over persons, {columns.resamples} resamples, seed {columns.seed}"


def _seeds(formula: Formula, parts: Sequence[MetricCell], level: float) -> Between | None:
    """What several seeds add."""
    seeds = parts[0].columns.seeds
    if seeds is None:
        return None
    left_out = formula(*(part.made(Columns.left_out) for part in parts))
    return between((len(seeds) - 1) * (left_out.mean() - left_out), seeds, level)


def _interval(
    formula: Formula, parts: Sequence[MetricCell], level: float, exact: bool, least: float
) -> tuple[Interval | None, str]:
    """The interval for these seeds, and how it was made."""

    def made(take: Take) -> Any:
        return formula(*(part.made(take) for part in parts))

    value, columns = float(made(Columns.mean)), parts[0].columns
    used = list(dict.fromkeys(column for part in parts for column in part.used()))
    edge = [(own, at) for own, at in used if exact and own.at_edge(at)]
    joint = None
    if len(edge) < len(used):
        drawn = made(_but(edge, Columns.resampled))
        if least > -inf and np.mean(drawn <= least + TIE) > (1 - level) / 2:
            return _farthest(formula, parts, level)
        joint = bca(value, drawn, made(_but(edge, Columns.left_out)), level)
        if joint is not None and not edge:
            return joint, _bca_words(columns)
    if not exact:
        return None, "no interval: persons do not differ, or are too few"
    moved = [] if joint is None else [joint]
    for own, at in edge if joint is not None else used:
        ends = clopper_pearson(own.mean(at), len(own.values), level)
        moved.append(_sorted([float(made(_with(own, at, end))) for end in ends]))
    if not np.all(np.isfinite(moved)):
        return None, "no interval: what it divides by may be 0"
    if len(moved) == 1:
        return moved[0], "Clopper-Pearson over persons, too few of whom differ for a bootstrap"
    how = "MOVER over persons, too few of whom differ in some cell for a bootstrap"
    return mover(value, moved), how


def _but(edge: Sequence[Column], take: Take) -> Take:
    """Some columns' means as they are, of all others what `take` takes."""
    if not edge:
        return take

    def taken(own: Columns, at: int) -> Any:
        means = take(own, at)
        return np.full_like(means, own.mean(at)) if (own, at) in edge else means

    return taken


def _with(column: Columns, place: int, end: float) -> Take:
    """All columns' means as they are, but one."""
    moved = np.float64(end)
    return lambda own, at: moved if (own, at) == (column, place) else own.mean(at)


def _farthest(
    formula: Formula, parts: Sequence[MetricCell], level: float
) -> tuple[Interval | None, str]:
    """From the least to the most that the formula is over the parts' own intervals."""
    own = [one for part in parts if (one := part.interval(level)) is not None]
    ends = _corners(formula, own) if len(own) == len(parts) else np.array([np.nan])
    if not np.all(np.isfinite(ends)):
        return None, "no interval: what it divides by may be 0"
    how = "least and most over the cells' own intervals, as many resamples are at the least"
    return Interval(float(ends.min()), float(ends.max())), how


def _possible(
    interval: Interval, formula: Formula, parts: Sequence[MetricCell], level: float, least: float
) -> Interval:
    """The interval, without what the formula cannot be for shares from 0 to 1."""
    corners = _corners(formula, [part.bounds(level) for part in parts])
    if not np.all(np.isfinite(corners)):
        return Interval(max(interval.low, least), interval.high)
    low, high = max(corners.min(), least), corners.max()
    return Interval(float(max(interval.low, low)), float(min(interval.high, high)))


def _corners(formula: Formula, ends: Sequence[Sequence[float]]) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(formula(*np.array(list(product(*ends))).T))


def _sorted(ends: Sequence[float]) -> Interval:
    return Interval(min(ends), max(ends))
