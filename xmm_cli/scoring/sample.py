"""The cells of a group, on persons that they share, as columns; what guessing earns there."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xmm_cli.scoring.groups import STRANGERS, Cell, Group
from xmm_cli.scoring.metric import Pair
from xmm_cli.scoring.metrics.false_recognition import chance_of_a_name
from xmm_cli.scoring.part import Columns, MetricCell


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
    persons: tuple[Any, ...]
    """Their keys, sorted."""
    resamples: int
    seed: int
    bounded: bool = True
    """Whether all values lie between 0 and 1."""
    seeds: NDArray[np.int64] | None = None
    """The number of each person's seed (`seeds_of`)."""
    places: dict[Pair, int] = field(default_factory=dict)
    columns: Columns = field(init=False)
    _questions: dict[Pair, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        having = [
            pair
            for pair, cell in cells_of(self.group, self.answer).items()
            if all(persona in cell.shares for persona in self.persons)
        ]
        self.places = {pair: place for place, pair in enumerate(sorted(having, key=str))}
        cells = [self.cell(pair) for pair in self.places]
        values = np.array([[cell.shares[person] for cell in cells] for person in self.persons])
        self.columns = Columns(values, self.resamples, self.seed, self.bounded, self.seeds)

    def cell(self, pair: Pair) -> Cell:
        """The cell itself, with all its persons."""
        return self.group.cells[(self.answer, *pair)]

    def part(self, pair: Pair, chance: Chance | None = None) -> MetricCell:
        """The cell as a part of a metric; with what chance is taken off."""
        if chance is None:
            return MetricCell(self.columns, self.places[pair])
        at = None if chance.column is None else self.places[chance.column]
        return MetricCell(self.columns, self.places[pair], chance.fixed, at)

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
        strangers = cells_of(self.group, STRANGERS).get(pair)
        if strangers and self.group.taught:
            recognised = fsum(strangers.shares.values()) / len(strangers.shares)
            chance = chance_of_a_name(recognised, self.group.taught)
            return Chance(f"chance from strangers: {chance:.3f}", chance)
        untrained = Pair(None, pair.modality)
        base = cells_of(self.group, self.answer).get(untrained)
        if base is None:
            return Chance("chance taken as 0: no rows of the untrained base", 0.0)
        mean = fsum(base.shares.values()) / len(base.shares)
        if untrained in self.places:
            return Chance("chance from the untrained base", mean, untrained)
        return Chance("chance from the untrained base on other persons, taken as exact", mean)


def seeds_of(groups: Sequence[Group], persons: Sequence[Any]) -> NDArray[np.int64] | None:
    """A number for the seed that each person was taught under, in all of the groups."""
    return numbered([tuple(group.seeds.get(persona) for group in groups) for persona in persons])


def numbered(seeds: Sequence[tuple[Hashable, ...]]) -> NDArray[np.int64] | None:
    """Numbers from 0 for what persons' seeds are; None where all are alike, or one is unknown."""
    numbers = {own: number for number, own in enumerate(sorted(set(seeds), key=str))}
    if len(numbers) < 2 or any(None in own for own in numbers):
        return None
    return np.array([numbers[own] for own in seeds])


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
