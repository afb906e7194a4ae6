"""Confidence intervals over persons.

The person is the unit: a resample draws whole persons, with all that was asked about them in every
cell, so that metrics over several cells are paired. Persons of several seeds: `scoring.between`.

- `bca`: bias-corrected and accelerated bootstrap, B. Efron, "Better bootstrap confidence
  intervals", JASA 82 (1987). With the estimate t, resampled t*_b and leave-one-out t_(i):
  z0 = Φ⁻¹(share of t*_b below t, ties by half); a = Σd³ / 6(Σd²)^1.5 with d = mean(t_(i)) − t_(i);
  the ends are the quantiles of t* at Φ(z0 + (z0 + z) / (1 − a(z0 + z))). Expanded, z is √(n / (n −
  1)) times a quantile of Student's t (T. Hesterberg, "What teachers should know about the
  bootstrap", The American Statistician 69 (2015), on expanded percentile intervals): resamples of n
  persons spread too little by the former, and the latter allows for a spread that is itself an
  estimate. Its degrees of freedom are n − 1, or 2n / (κ − 1) where that is less, κ being the
  kurtosis nΣd⁴ / (Σd²)²: Satterthwaite's (Biometrics Bulletin 2, 1946) for a variance whose own
  variance is (κ − 1)/n of its square, as where a few persons make all the difference.
- `clopper_pearson`: C. Clopper, E. Pearson, Biometrika 26 (1934), where a bootstrap collapses
  because all persons, or all but a few, have 0 or 1. It holds for persons' shares too: of all
  variables in [0, 1] with a given mean, the one that is only 0 or 1 varies most.
- `mover`: G. Zou, A. Donner, "Construction of confidence limits about effect measures",
  Statistics in Medicine 27 (2008), after R. Newcombe (1998), for a metric of several columns of
  which some are at 0 or 1: the root of the summed squares of what the ends of each one's own
  interval alone move the metric. It takes them as independent.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xmm_cli.scoring.special import special

Floats = NDArray[np.float64]
Formula = Callable[..., Any]

TIE = 1e-9
CHUNK = 2_000_000
"""Weights drawn at once, 16 MB; eight such pieces are kept for the next group of the same size."""
ONE_THREAD = 200_000
"""Multiplications that OpenBLAS does in one thread (its own bound is 262,144). On a shared machine
the threads wait for each other: five times slower, measured beside a training run."""


class Interval(NamedTuple):
    """Both ends."""

    low: float
    high: float

    def holding(self, value: float) -> "Interval":
        """The same interval, stretched to the estimate if rounding or skew left that outside."""
        return Interval(min(self.low, value), max(self.high, value))


def resampled_means(columns: Floats, resamples: int, seed: int) -> Floats:
    """Means of each column over persons drawn with replacement.

    `columns` is persons x columns; the answer is resamples x columns. The draws depend only on
    `seed` and the number of persons, so that groups of the same persons are paired as well.
    """
    persons, width = columns.shape
    rows = max(1, CHUNK // persons)
    block = max(1, ONE_THREAD // (persons * width))
    means = np.empty((resamples, width))
    for piece, start in enumerate(range(0, resamples, rows)):
        weights = _weights(persons, min(rows, resamples - start), piece, seed)
        for row in range(0, len(weights), block):
            part = weights[row : row + block]
            means[start + row : start + row + len(part)] = part @ columns
    return means / persons


@lru_cache(maxsize=8)
def _weights(persons: int, rows: int, piece: int, seed: int) -> Floats:
    """How often each person was drawn: rows x persons, each row summing to their number."""
    random = np.random.default_rng([seed, persons, piece])
    drawn = random.integers(0, persons, size=(rows, persons), dtype=np.int64)
    drawn += np.arange(rows)[:, None] * persons
    counts = np.bincount(drawn.ravel(), minlength=rows * persons)
    return counts.reshape(rows, persons).astype(np.float64)


def jackknife_means(columns: Floats) -> Floats:
    """Means of each column with one person left out: persons x columns."""
    persons = len(columns)
    return (columns.sum(axis=0) - columns) / (persons - 1)


def bca(
    value: float, resampled: Floats, jackknife: Floats, level: float, *, expanded: bool = True
) -> Interval | None:
    """The BCa interval; None where it does not exist, as all resamples agree.

    A resample without a finite number counts as lying beyond either end, which makes the interval
    wider; there is none where an end would be among those.
    """
    ordered = np.sort(resampled)
    undefined = 0
    if not np.isfinite(ordered[-1]) or not np.isfinite(ordered[0]):
        ordered = ordered[np.isfinite(ordered)]
        undefined = len(resampled) - len(ordered)
    if len(ordered) < 2:
        return None
    below = np.searchsorted(ordered, [value - TIE, value + TIE]).mean() / len(ordered)
    deviation = jackknife.mean() - jackknife
    squares = deviation * deviation
    spread = squares.sum()
    if not 0 < below < 1 or not np.isfinite(spread) or spread <= TIE**2:
        return None
    bias = special().ndtri(below)
    skew = (squares @ deviation) / (6 * spread**1.5)
    z = bias + (reach(level, deviation) if expanded else normal(level))
    if np.any(skew * z >= 1):
        return None
    places = special().ndtr(bias + z / (1 - skew * z)) * (len(resampled) - 1) - [undefined, 0]
    if places[0] < 0 or places[1] > len(ordered) - 1:
        return None
    low, high = (_between(ordered, place) for place in places.tolist())
    if high - low <= TIE:
        return None
    return Interval(float(low), float(high)).holding(value)


def _between(ordered: Floats, place: float) -> float:
    """The value at a place that need not be a whole number."""
    before = min(int(place), len(ordered) - 2)
    return float(ordered[before] + (place - before) * (ordered[before + 1] - ordered[before]))


def normal(level: float) -> Floats:
    """How many standard errors off both ends lie, for many persons."""
    return np.asarray(special().ndtri([(1 - level) / 2, (1 + level) / 2]))


def reach(level: float, deviation: Floats) -> Floats:
    """The same, expanded for so few persons, with these deviations from the estimate."""
    persons, squares = len(deviation), deviation * deviation
    kurtosis = persons * (squares @ squares) / squares.sum() ** 2
    freedom = min(persons - 1, 2 * persons / max(kurtosis - 1, TIE))
    far = special().stdtrit(freedom, (1 + level) / 2) * (persons / (persons - 1)) ** 0.5
    return np.array([-far, far])


def clopper_pearson(share: float, persons: float, level: float) -> Interval:
    """The exact binomial interval; neither persons nor `share` of them need be whole numbers."""
    tail = (1 - level) / 2
    right = share * persons
    low = special().betaincinv(right, persons - right + 1, tail) if right > 0 else 0.0
    high = special().betaincinv(right + 1, persons - right, 1 - tail) if right < persons else 1.0
    return Interval(float(low), float(high)).holding(share)


def mover(value: float, moved: Sequence[Interval]) -> Interval:
    """The interval of a value from what the ends of each part's own interval alone make of it."""
    down = sum(min(0.0, ends.low - value) ** 2 for ends in moved)
    up = sum(max(0.0, ends.high - value) ** 2 for ends in moved)
    return Interval(value - down**0.5, value + up**0.5)
