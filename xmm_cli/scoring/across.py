"""Metrics that set a group beside another one: the same cell there, on other persons or models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from xmm_cli.rows.types import Answer, Score
from xmm_cli.scoring.groups import Group
from xmm_cli.scoring.intervals import Floats, Interval
from xmm_cli.scoring.persons import Person

Compared = tuple[float | None, Interval | None, str]
"""Value, interval, and how they were made."""


@dataclass(frozen=True, slots=True)
class Across:
    """One such metric, as data.

    `partner(own, other)`: whether the other group is what this one is set beside. `compare` takes
    the persons' means of `measure` here and there, and the level.
    """

    measure: str
    answer: Answer
    partner: Callable[[Group, Group], bool]
    compare: Callable[[Floats, Floats, float], Compared]

    def scores(self, name: str, own: Group, groups: Sequence[Group], level: float) -> list[Score]:
        """A row for each cell of the group that has a partner."""
        partners = [
            other
            for other in groups
            if (other.task, other.split) == (own.task, own.split) and self.partner(own, other)
        ]
        rows = []
        for place in sorted((one for one in own.cells if one[0] == self.measure), key=str):
            there = [other.cells[place] for other in partners if place in other.cells]
            if place[1] is None or not there:
                continue
            here = own.cells[place]
            beside = {person: share for cell in there for person, share in cell.shares.items()}
            value, interval, words = self.compare(_column(here.shares), _column(beside), level)
            rows.append(
                Score(
                    metric=name,
                    answer=self.answer,
                    source=place[1],
                    modality=place[2],
                    task=own.task,
                    set=own.set,
                    split=own.split,
                    value=None if value is None else round(value, 10),
                    low=None if interval is None else round(interval.low, 10),
                    high=None if interval is None else round(interval.high, 10),
                    level=level,
                    n=sum(here.questions.values()),
                    personas=len(here.shares),
                    method=words,
                    condition=own.condition,
                )
            )
        return rows


def _column(shares: dict[Person, float]) -> Floats:
    return np.array([shares[person] for person in sorted(shares)])
