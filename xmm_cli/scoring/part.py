"""The parts of a metric, each a cell, and the interval of what is made from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xmm_cli.scoring.intervals import Floats, Formula, Interval, bca, clopper_pearson, mover
from xmm_cli.scoring.metric import Pair
from xmm_cli.scoring.metrics.memory import corrected
from xmm_cli.scoring.sample import Chance, Sample


@dataclass(slots=True)
class Part:
    """One cell of a metric: recall, or recall corrected for chance."""

    sample: Sample
    pair: Pair
    chance: Chance | None
    """None: raw recall is meant."""

    def value(self) -> float:
        """The estimate."""
        return float(self._correct(self.sample.mean(self.pair), self.sample.mean))

    def resampled(self) -> Any:
        """The estimate in each resample."""
        return self._correct(self.sample.resampled(self.pair), self.sample.resampled)

    def jackknifed(self) -> Any:
        """The estimate without each of the persons."""
        return self._correct(self.sample.jackknifed(self.pair), self.sample.jackknifed)

    def columns(self) -> tuple[Floats, Floats]:
        """Each person's value, and their chance (0 where none is taken off)."""
        values = self.sample.column(self.pair)
        if self.chance is None:
            return values, np.zeros(len(values))
        if self.chance.column is None:
            return values, np.full(len(values), self.chance.fixed)
        return values, self.sample.column(self.chance.column)

    def made_of(self, value: Any, chance: Any) -> Any:
        """The estimate from the means of both columns."""
        return value if self.chance is None else corrected(value, chance)

    def interval(self, level: float) -> Interval:
        """The interval of this part alone."""
        if not self.sample.at_edge(self.pair):
            found = bca(self.value(), self.resampled(), self.jackknifed(), level)
            if found is not None:
                return found
        ends = clopper_pearson(self.sample.mean(self.pair), len(self.sample.persons), level)
        low, high = (self._correct(end, self.sample.mean) for end in ends)
        return Interval(float(low), float(high))

    def _correct(self, recall: Any, take: Callable[[Pair], Any]) -> Any:
        if self.chance is None:
            return recall
        column = self.chance.column
        return corrected(recall, self.chance.fixed if column is None else take(column))


def interval_of(
    formula: Formula, parts: Sequence[Part], level: float
) -> tuple[Interval | None, str]:
    """The interval of `formula` over the parts, and how it was made.

    All parts are resampled together (BCa, expanded where the parts are more than two: there a plain
    one of 40 persons is too narrow, as tests/scoring/test_coverage.py measures). Where one part
    lies so near 0 or 1 that a bootstrap does not see the rest of it, each has its own interval, and
    the formula's follows from them (MOVER).
    """
    value = float(formula(*(part.value() for part in parts)))
    over = "persons" if parts[0].sample.seeds is None else "seeds and persons"
    if len(parts[0].sample.persons) == 1 and not parts[0].sample.bounded:
        return None, "no interval: one person"
    if not any(part.sample.at_edge(part.pair) for part in parts):
        resampled = formula(*(part.resampled() for part in parts))
        left_out = formula(*(part.jackknifed() for part in parts))
        found = bca(value, resampled, left_out, level, expanded=len(parts) > 2)
        if found is not None:
            sample = parts[0].sample
            how = f"BCa bootstrap over {over}, {sample.resamples} resamples, seed {sample.seed}"
            return found, how
    if not all(part.sample.bounded for part in parts):
        return None, "no interval: persons do not differ, or are too few"
    if len(parts) == 1:
        how = "Clopper-Pearson over persons, too few of whom differ for a bootstrap"
        return parts[0].interval(level), how
    values = [part.value() for part in parts]
    found = mover(formula, values, [part.interval(level) for part in parts])
    if found is None:
        return None, "no interval: what it divides by may be 0"
    return found, f"MOVER over {over}, too few of whom differ in some cell for a bootstrap"
