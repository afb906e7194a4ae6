"""The cells of a group, on persons that they share: means, resampled means, chance."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum

import numpy as np

from xmm_cli.scoring.groups import Cell, Group
from xmm_cli.scoring.intervals import Floats, jackknife_means, resampled_means
from xmm_cli.scoring.metric import Pair

EDGE = 3
"""A bootstrap needs this many persons who are not wholly right, and as many not wholly wrong:
below, its interval collapses (measured in tests/scoring/test_coverage.py)."""


@dataclass(frozen=True, slots=True)
class Chance:
    """What guessing earns in a cell: a column of the sample, or a fixed number."""

    words: str
    fixed: float
    column: Pair | None = None


@dataclass(slots=True)
class Sample:
    """Some persons, and every cell of a group that has them all, as columns."""

    group: Group
    answer: str
    """A way of answering, or the name of a measure."""
    persons: tuple[str, ...]
    resamples: int
    seed: int
    bounded: bool = True
    """Whether all values lie between 0 and 1."""
    seeds: tuple[int, ...] | None = None
    """The number of each person's seed, where seeds are drawn as well (`seeds_of`)."""
    places: dict[Pair, int] = field(default_factory=dict)
    columns: Floats = field(default_factory=lambda: np.empty((0, 0)))
    _resampled: Floats | None = None
    _questions: dict[Pair, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        having = [
            pair
            for pair, cell in cells_of(self.group, self.answer).items()
            if all(persona in cell.shares for persona in self.persons)
        ]
        self.places = {pair: place for place, pair in enumerate(sorted(having, key=str))}
        cells = [self.cell(pair) for pair in self.places]
        self.columns = np.array([[cell.shares[one] for cell in cells] for one in self.persons])

    def cell(self, pair: Pair) -> Cell:
        """The cell itself, with all its persons."""
        return self.group.cells[(self.answer, *pair)]

    def column(self, pair: Pair) -> Floats:
        """The value of each person."""
        return np.asarray(self.columns[:, self.places[pair]])

    def mean(self, pair: Pair) -> float:
        """The share of right answers; summed exactly, so that no order changes it."""
        return fsum(self.columns[:, self.places[pair]]) / len(self.persons)

    def resampled(self, pair: Pair) -> Floats:
        """The mean in each resample."""
        if self._resampled is None:
            self._resampled = resampled_means(self.columns, self.resamples, self.seed, self.seeds)
        return self._resampled[:, self.places[pair]]

    def jackknifed(self, pair: Pair) -> Floats:
        """The mean without each of the persons."""
        return jackknife_means(self.columns[:, self.places[pair]])

    def at_edge(self, pair: Pair) -> bool:
        """Whether too few persons differ from 0, or from 1, for a bootstrap to see."""
        if not self.bounded:
            return False
        shares = self.columns[:, self.places[pair]]
        return bool(min(np.sum(shares > 0), np.sum(shares < 1)) < EDGE)

    def questions(self, pairs: tuple[Pair, ...]) -> int:
        """How many questions stand behind these cells."""
        for pair in pairs:
            if pair not in self._questions:
                asked = self.cell(pair).questions
                self._questions[pair] = sum(asked[persona] for persona in self.persons)
        return sum(self._questions[pair] for pair in dict.fromkeys(pairs))

    def chance(self, pair: Pair) -> Chance | None:
        """What guessing earns in a cell; None where the number of candidates is unknown."""
        if self.answer == "rank":
            return _chance_of_rank(self.cell(pair))
        untrained = Pair(None, pair.modality)
        base = cells_of(self.group, self.answer).get(untrained)
        if base is None:
            return Chance("chance taken as 0: no rows of the untrained base", 0.0)
        mean = fsum(base.shares.values()) / len(base.shares)
        if untrained in self.places:
            return Chance("chance from the untrained base", mean, untrained)
        return Chance("chance from the untrained base on other persons, taken as exact", mean)


def seeds_of(groups: Sequence[Group], persons: Sequence[str]) -> tuple[int, ...] | None:
    """A number for the seed that each person was taught under, in all of the groups.

    None where there is only one, or a person was taught under several, or under an unknown one.
    """
    own = [tuple(group.seeds.get(persona) for group in groups) for persona in persons]
    numbers = {seeds: number for number, seeds in enumerate(sorted(set(own), key=str))}
    if len(numbers) < 2 or any(None in seeds for seeds in numbers):
        return None
    return tuple(numbers[seeds] for seeds in own)


def cells_of(group: Group, answer: str) -> dict[Pair, Cell]:
    """The cells of a group for one way of answering."""
    return {
        Pair(source, modality): cell
        for (other, source, modality), cell in group.cells.items()
        if other == answer
    }


def _chance_of_rank(cell: Cell) -> Chance | None:
    sizes = {size: asked for size, asked in sorted(cell.candidates.items()) if asked > 0}
    if not sizes:
        return None
    mean = fsum(asked / size for size, asked in sizes.items()) / sum(sizes.values())
    least, most = min(sizes), max(sizes)
    words = f"chance 1/{least}" if least == most else f"chance 1/N, N from {least} to {most}"
    return Chance(words, mean)
