"""Sums over each person's questions, every question counted once, while rows stream past.

As in `scoring.tally`: a question is known by eight bytes that stand for all that can set two
questions apart, and goes to disk with its answer where there are many. One that stands twice counts
with its last answer.
"""

from hashlib import blake2b
from typing import Any

import numpy as np

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.labels import packed
from xmm_cli.scoring.spill import CHUNK, Records, Spill, last_of_each

SUMS = {"correct": ("questions", "right"), "first": ("ranked", "first"),
        "logprob": ("logprobs", "logprob")}  # fmt: skip
"""Field of a record → how many have it, and their sum, in a `Count`."""


class Count:
    """Sums over one person's questions in one place."""

    __slots__ = ("first", "logprob", "logprobs", "questions", "ranked", "right")

    def __init__(self) -> None:
        self.questions = self.right = self.ranked = self.first = self.logprobs = 0
        self.logprob = 0.0


class Once:
    """Takes rows, each with the count that it belongs to; after `finish` the counts are full."""

    def __init__(self) -> None:
        self.repeated = 0
        """Rows whose question had been answered before in the same way."""
        self._counts: list[Count] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._spill = Spill(
            [("key", "u8"), ("count", "u4"), ("correct", "i1"), ("first", "i1"), ("logprob", "f8")]
        )

    def new(self) -> int:
        """The number of a new count."""
        self._counts.append(Count())
        return len(self._counts) - 1

    def __getitem__(self, number: int) -> Count:
        return self._counts[number]

    def add(self, row: Probe, count: int) -> None:
        """Take one row."""
        text = f"{self._number(row)} {row.view} {row.question}\0{row.expected}"
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._spill.add(
            (
                int.from_bytes(key, "little"),
                count,
                -1 if row.correct is None else row.correct,
                -1 if row.rank is None else row.rank == 1,
                np.nan if row.logprob is None else row.logprob,
            )
        )
        if len(self._spill.waiting) >= CHUNK:
            self._spill.settle()

    def _number(self, row: Probe) -> int:
        """Stands for all of a row but its question and answer."""
        alike = (
            row.checkpoint, row.persona, row.source, row.modality, row.task, row.hops, row.role,
            row.set, row.split, row.base, packed(row.condition),
        )  # fmt: skip
        return self._numbers.setdefault(alike, len(self._numbers))

    def finish(self) -> None:
        """Count all that was taken."""
        numbers = {name: np.zeros(len(self._counts), dtype=np.int64) for name in SUMS}
        sums = {name: np.zeros(len(self._counts)) for name in SUMS}
        for part in self._spill.parts():
            self.repeated += _add(part, numbers, sums)
        for name, (number, total) in SUMS.items():
            kind = float if name == "logprob" else int
            for count, many, value in zip(
                self._counts, numbers[name].tolist(), sums[name].tolist(), strict=True
            ):
                setattr(count, number, many)
                setattr(count, total, kind(value))


def _add(part: Records, numbers: dict[str, Any], sums: dict[str, Any]) -> int:
    """Add a part; gives how many of its rows repeat a question."""
    again = np.zeros(len(part), dtype=bool)
    changed = again.copy()
    for name in SUMS:
        values = part[name]
        has = np.isfinite(values) if name == "logprob" else values >= 0
        last = last_of_each(part, has, values, again, changed)
        np.add.at(numbers[name], part["count"][last], 1)
        np.add.at(sums[name], part["count"][last], values[last])
    return int(again.sum())
