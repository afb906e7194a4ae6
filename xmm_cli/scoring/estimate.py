"""The value and interval of a metric in a group, as a score row; `method` says what was done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from xmm_cli.rows.types import Answer, Score
from xmm_cli.scoring.groups import Group
from xmm_cli.scoring.intervals import Interval
from xmm_cli.scoring.metric import Metric, Over, Pair
from xmm_cli.scoring.metrics.detectable_gap import smallest_gap
from xmm_cli.scoring.metrics.recall import recall
from xmm_cli.scoring.part import MetricCell, estimated
from xmm_cli.scoring.sample import Chance, Sample, cells_of, seeds_of

LEAST_MEMORY = 0.1
"""No ratio over a memory below this, or whose interval reaches 0."""
MOST_CHANCE = 0.95
"""No memory where guessing earns more than this: nothing is left to measure."""
FEW_PERSONS = 8
"""With fewer persons an interval is a guess."""
DIGITS = 10
"""Scores are rounded to this, so that another order of summing gives the same bytes."""


@dataclass(slots=True)
class Estimator:
    """Makes the score rows of one group, for one way of answering."""

    group: Group
    answer: Answer
    level: float
    resamples: int
    seed: int
    _samples: dict[tuple[str, frozenset[Any]], Sample] = field(default_factory=dict)
    _persons: dict[tuple[str, tuple[Pair, ...]], tuple[frozenset[Any], int]] = field(
        default_factory=dict
    )

    def score(self, name: str, metric: Metric, over: Over) -> Score | None:
        """The row of a metric over these cells; None where one of them was not asked."""
        if metric.answer not in (None, self.answer):
            return None
        if metric.applies and not metric.applies(self.group.condition, self.group.set, over):
            return None
        way = name if metric.of == "measure" else self.answer
        cells = cells_of(self.group, way)
        if any(pair not in cells for pair in over.cells):
            return None
        persons, dropped = self._asked(way, over.cells)
        row = partial(self._row, name, over)
        if not persons:
            return row(None, None, 0, 0, ["none: no person was asked in all of its cells"])
        sample = self._sample(way, persons, metric.bounded)
        row = partial(row, n=sample.questions(over.cells), personas=len(persons))
        if metric.of == "chance":
            return self._chance(row, sample, over.cells[0])
        memory = metric.of in ("memory", "spread")
        chances = [sample.chance(pair) if memory else None for pair in over.cells]
        if metric.of == "spread":
            return self._spread(row, sample, over, chances)
        parts = [sample.part(*one) for one in zip(over.cells, chances, strict=True)]
        said = list(dict.fromkeys(chance.words for chance in chances if chance))
        said += _remarks(sample, over, dropped)
        if lacking := no_value(metric, over, parts, self.level):
            return row(None, None, said=[f"none: {lacking}", *said])
        value, interval, how, _ = estimated(metric.formula, parts, self.level, least=metric.least)
        if metric.against_zero and interval is not None:
            said.append(_side(interval))
        return row(value, interval, said=[how, *said])

    def _chance(self, row: Callable[..., Score], sample: Sample, pair: Pair) -> Score:
        chance = sample.chance(pair)
        if chance is None:
            return row(None, None, said=["none: the number of candidates is unknown"])
        if chance.column is None:
            return row(chance.fixed, None, said=[chance.words])
        row = partial(row, n=sample.questions((chance.column,)))
        part = sample.part(chance.column)
        value, interval, how, _ = estimated(recall, [part], self.level)
        return row(value, interval, said=[chance.words, how])

    def _spread(
        self,
        row: Callable[..., Score],
        sample: Sample,
        over: Over,
        chances: Sequence[Chance | None],
    ) -> Score:
        """Like the gap itself, on the scale of memory: chance takes its share of every point."""
        known = [chance.fixed for chance in chances if chance]
        if lacking := _no_memory(known, len(chances)):
            return row(None, None, said=[f"none: {lacking}"])
        scales = [1 / (1 - chance) for chance in known]
        same, cross = (
            sample.part(pair).pair()[0] * scale
            for pair, scale in zip(over.cells, scales, strict=True)
        )
        gap, words = smallest_gap(same - cross, self.level, sum(scales) / 2)
        return row(gap, None, said=[words])

    def _asked(self, way: str, pairs: tuple[Pair, ...]) -> tuple[frozenset[Any], int]:
        """Who was asked in all of these cells, and how many others in some of them."""
        if (way, pairs) not in self._persons:
            cells = cells_of(self.group, way)
            asked = [frozenset(cells[pair].shares) for pair in pairs]
            persons = frozenset.intersection(*asked)
            self._persons[way, pairs] = persons, len(frozenset.union(*asked)) - len(persons)
        return self._persons[way, pairs]

    def _sample(self, way: str, persons: frozenset[Any], bounded: bool) -> Sample:
        sample = self._samples.get((way, persons))
        if sample is None:
            ordered = tuple(sorted(persons))
            seeds = seeds_of([self.group], ordered)
            sample = Sample(self.group, way, ordered, self.resamples, self.seed, bounded, seeds)
            self._samples[way, persons] = sample
        return sample

    def _row(
        self,
        name: str,
        over: Over,
        value: float | None,
        interval: Interval | None,
        n: int,
        personas: int,
        said: list[str],
    ) -> Score:
        fields = {"answer": self.answer, "level": self.level, "n": n, "personas": personas}
        return score_row(self.group, over, value, interval, said, metric=name, **fields)


def score_row(
    group: Group,
    over: Over,
    value: float | None,
    interval: Interval | None,
    said: list[str],
    **fields: Any,
) -> Score:
    """A row about cells of a group; `said` is of its method, `fields` are what else it has."""
    return Score(
        source=over.source,
        modality=over.modality,
        task=group.task,
        set=group.set,
        split=group.split,
        value=None if value is None else round(value, DIGITS) + 0.0,
        low=None if interval is None else round(interval.low, DIGITS) + 0.0,
        high=None if interval is None else round(interval.high, DIGITS) + 0.0,
        method="; ".join(said),
        condition=group.condition,
        **fields,
    )


def _remarks(sample: Sample, over: Over, dropped: int) -> list[str]:
    """What a reader should know besides."""
    said = []
    pooled = max(sample.cell(pair).checkpoints for pair in over.cells)
    if pooled > 1:
        said.append(f"{pooled} checkpoints, averaged per person")
    if dropped:
        said.append(f"{dropped} persons left out who were not asked in all cells")
    if len(sample.persons) < FEW_PERSONS:
        said.append(f"few persons ({len(sample.persons)}): read with care")
    return said


def no_value(metric: Metric, over: Over, parts: Sequence[MetricCell], level: float) -> str | None:
    """Why a metric has no value over these parts, if it has none."""
    if metric.of != "memory":
        return None
    known = [part.chance for part in parts if part.chance is not None]
    if lacking := _no_memory(known, len(parts)):
        return lacking
    for place in metric.divisors:
        value, interval = parts[place].value(), parts[place].interval(level)
        if value < LEAST_MEMORY:
            return f"memory {over.cells[place]} is only {value:.2f}"
        if interval is None or interval.low <= 0:
            low = "" if interval is None else f" (from {interval.low:.2f})"
            return f"memory {over.cells[place]} may be 0{low}"
    return None


def _no_memory(chances: Sequence[float], cells: int) -> str | None:
    """Why there is no memory in some of the cells, if there is none; chances are those known."""
    if len(chances) < cells:
        return "the number of candidates is unknown"
    if max(chances) > MOST_CHANCE:
        return f"guessing earns {max(chances):.2f}, which leaves too little to measure"
    return None


def _side(interval: Interval) -> str:
    if interval.low > 0:
        return "interval above zero"
    return "interval below zero" if interval.high < 0 else "interval includes zero"
