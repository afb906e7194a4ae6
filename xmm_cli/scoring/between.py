"""What several seeds add to an interval over persons.

Where each person was taught under one of k seeds, the persons of a seed share its luck, and an
interval over persons is for these seeds only. For all seeds that there might be, it is made wider.
By a one-way analysis of variance of the persons' influence on the estimate (which for a mean are
their deviations from it; S. Searle, G. Casella, C. McCulloch, "Variance Components", 1992, ch. 3)
the estimate's variance is that of k means of seeds, with k − 1 degrees of freedom: with three
seeds 4.3 standard errors for 95 %, even where seeds do not differ. So it is moderated (G. Smyth,
Statistical Applications in Genetics and Molecular Biology 3 (2004)): the variance among persons
within seeds counts as what `PRIOR` more degrees of freedom showed,

    V = (PRIOR · within + (k − 1) · between) / (PRIOR + k − 1),   PRIOR + k − 1 degrees of freedom,

both on the scale of the estimate's variance. That is never less than the interval over persons.
Three seeds that do not differ make it 1.4 times as wide on average (the unmoderated one 1.9 times),
five 1.2, ten 1.1 times. The price is a limit: seeds may differ by so much that it is too narrow. It
is known beforehand (`_most`), and said where the number stands.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xmm_cli.scoring.intervals import TIE, Floats, normal, reach
from xmm_cli.scoring.special import special

PRIOR = 2
"""Degrees of freedom that the spread within seeds counts for. With 1, three seeds that do not
differ would widen by 1.55 instead of 1.4; with 4, the limit would be half as far."""
TOLERATED = 0.02
"""By how much less than its level an interval may hold the truth: 0.93 for 0.95."""
POINTS = 2000
"""Quantiles over which a coverage is averaged."""


class Between(NamedTuple):
    """What seeds add."""

    seeds: int
    stretch: float
    """Times as wide as over persons alone, at least 1."""
    own: float
    """The standard deviation that a seed's mean has by its persons."""
    level: float
    spread: float
    """The standard deviation between seeds that these show."""

    @property
    def limit(self) -> float:
        """The standard deviation between seeds up to which an interval holds; infinite for many."""
        return self.own and self.own * _most(self.seeds, self.level) ** 0.5

    def words(self, points: float) -> str:
        """How much wider an interval is for the seeds, and where that ends; see `limits`."""
        said = f"{self.stretch:.1f} times as wide for {self.seeds} seeds"
        limits = self.limits(points)
        return f"{said}, {limits}" if limits else said

    def limits(self, points: float) -> str:
        """How far seeds may differ; '' without end. 1 is so many points: 100, or 1 for no share."""
        if not np.isfinite(self.limit):
            return ""
        unit = "" if points == 1 else " points"
        said = f"holds for seeds that differ by up to {points * self.limit:.2g}{unit}"
        return said + (f" (these: {points * self.spread:.2g})" if self.spread > self.limit else "")


def between(influence: Floats, seeds: NDArray[np.int64], level: float) -> Between | None:
    """What the seeds add to an interval over persons.

    `influence`: of each person on the estimate, in its unit times the number of persons. `seeds`:
    the number of each person's seed, from 0. None where there is nothing to tell: one seed, as many
    seeds as persons, no difference between persons, or an influence that is not finite.
    """
    persons, sizes = len(seeds), np.bincount(seeds)
    number = len(sizes)
    if not 1 < number < persons:
        return None
    deviation = influence - influence.mean()
    total = float(np.sum(deviation**2)) / (persons - 1)
    if not np.isfinite(total) or total <= TIE**2:
        return None
    means = np.bincount(seeds, deviation) / sizes
    among = float(np.sum(sizes * means**2))
    within = max(total * (persons - 1) - among, 0.0) / (persons - number)
    each = (persons - np.sum(sizes**2) / persons) / (number - 1)
    component = (among / (number - 1) - within) / each
    # the estimate is a mean over persons: a large seed counts for more than a small one
    of_seeds = max(within + component * float(np.sum(sizes**2)) / persons, 0.0)
    freedom = PRIOR + number - 1
    variance = (PRIOR * within + (number - 1) * of_seeds) / freedom
    far = float(special().stdtrit(freedom, (1 + level) / 2)) * variance**0.5
    stretch = far / (float(reach(level, deviation)[1]) * total**0.5)
    own, spread = float(within / each) ** 0.5, max(float(component), 0.0) ** 0.5
    return Between(number, max(1.0, float(stretch)), own, level, spread)


@lru_cache(maxsize=64)
def _most(seeds: int, level: float) -> float:
    """How large the variance between seeds may be, in units of that of a seed's own mean.

    For normal means, seeds of equal size and many persons: the interval's half is h(F) = max(z,
    t · √((PRIOR + (k − 1)F) / (PRIOR + k − 1))) standard errors over persons, F is (1 + r) times a
    chi-square with k − 1 degrees of freedom over them, and it holds the truth in the mean of
    2Φ(h(F) / √(1 + r)) − 1. That falls with r; the answer is the r at which it is the level less
    `TOLERATED`, infinite where it stays above.
    """
    freedom = PRIOR + seeds - 1
    chi = special().chdtri(seeds - 1, (np.arange(POINTS) + 0.5) / POINTS) / (seeds - 1)
    z, t = float(normal(level)[1]), float(special().stdtrit(freedom, (1 + level) / 2))

    def held(ratio: float) -> float:
        half = t * np.sqrt((PRIOR + (seeds - 1) * (1 + ratio) * chi) / freedom)
        return float(np.mean(2 * special().ndtr(np.maximum(z, half) / (1 + ratio) ** 0.5) - 1))

    low, high = 0.0, 1e4
    if held(high) >= level - TOLERATED:
        return float("inf")
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if held(middle) >= level - TOLERATED else (low, middle)
    return low
