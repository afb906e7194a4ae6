"""Counts right answers per person while probe rows stream past.

A question is known by checkpoint, base, source, modality, task, hops, persona, role, set, split,
condition, view, question and expected answer: eight bytes that stand for these, so that one asked
again is counted once. (Not by run: the same command run again is another run.) These bytes and the
answer, two dozen bytes a question, go to disk when they are many (`spill`); in memory stay a few
numbers for each person, cell and checkpoint. Nothing depends on the order of the rows, save where
the same question stands twice with two answers: there the last row counts, as in a file that a
second run was appended to. Of ten million questions, two agree in all eight bytes by chance with a
probability of 3e-6.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from xmm_cli.rows.types import ForgetOrRetain, Modality, Probe, Source, Split, Task
from xmm_cli.scoring.composition import Composition
from xmm_cli.scoring.labels import packed
from xmm_cli.scoring.spill import CHUNK, Flags, Records, Spill, last_of_each
from xmm_cli.scoring.sql import FileCounts

Measure = Callable[[Probe], float | None]
"""A number that one row has; None where it has not."""
MOST = 2**62


class Asked(NamedTuple):
    """What a question was about, save for the person: every field that can part two groups."""

    source: Source | None
    modality: Modality
    task: Task
    set: ForgetOrRetain | None
    split: Split
    base: str
    hops: int
    role: str
    labels: bytes
    """The condition as JSON with sorted keys: there 1, 1.0 and true stay three things."""


class Counts:
    """Questions and right answers of one person under one checkpoint in one cell."""

    __slots__ = ("measured", "questions", "ranked", "ranked_first", "right")

    def __init__(self) -> None:
        self.questions = self.right = self.ranked = self.ranked_first = 0
        self.measured: dict[str, tuple[int, float]] | None = None
        """Measure → how often it was taken, and its sum."""

    def add(self, questions: int, right: int, ranked: int, ranked_first: int) -> None:
        """Count more of them."""
        self.questions += questions
        self.right += right
        self.ranked += ranked
        self.ranked_first += ranked_first

    def of(self, way: str) -> tuple[int, float]:
        """Questions and right answers for a way of answering; number and sum of a measure."""
        if way == "generate":
            return self.questions, self.right
        if way == "rank":
            return self.ranked, self.ranked_first
        return (self.measured or {}).get(way, (0, 0.0))


class Questions:
    """All that was asked with the same `Asked`."""

    __slots__ = ("candidates", "persons", "place")

    def __init__(self, place: int = 0) -> None:
        self.place = place
        self.persons: dict[tuple[str | None, str], Counts] = {}
        """By checkpoint and persona."""
        self.candidates: Counter[int] = Counter()
        """How many ranked questions had so many candidates."""


class Tally:
    """The counts of all persons, and how many rows were left out and why.

    `finish` comes after the last row; until then the counts are empty.
    """

    def __init__(
        self,
        roles: Iterable[str],
        measures: Mapping[str, Measure] | None = None,
        composition: str | None = None,
    ) -> None:
        self.roles = frozenset(roles)
        self.asked: dict[Asked, Questions] = {}
        self.repeated = 0
        """Rows whose question had been answered before in the same way."""
        self.changed = 0
        """Repeated rows that answered otherwise."""
        self.other_role = 0
        self.unanswered = 0
        """Rows with neither an answer judged, nor a rank, nor what was to be measured."""
        self._measures = dict(measures or {})
        self._composition = Composition(composition) if composition else None
        self._counts: list[tuple[Counts, Questions]] = []
        """By the number that stands for a person, cell and checkpoint in a record."""
        self._known: dict[tuple[Any, ...], int] = {}
        fields = [("key", "u8"), ("place", "u4"), ("correct", "i1"), ("first", "i1")]
        self._spill = Spill(
            [*fields, ("candidates", "i8"), *[(one, "f8") for one in measures or ()]]
        )

    @classmethod
    def of(cls, counts: FileCounts, roles: Iterable[str]) -> "Tally":
        """The finished tally of files that were counted as a whole."""
        tally = cls(roles)
        tally.other_role, tally.unanswered = counts.other_role, counts.unanswered
        for group in counts.groups:
            row, persons = group
            if not persons:
                continue
            questions = tally.asked.setdefault(_asked(row), Questions(len(tally.asked)))
            for persona, *numbers in persons:
                questions.persons.setdefault((row.checkpoint, persona), Counts()).add(*numbers)
            ranked = sum(one.ranked for one in persons)
            if ranked and row.candidates is not None:
                questions.candidates[row.candidates] += ranked
        return tally

    def add(self, row: Probe) -> None:
        """Take one row."""
        if row.role not in self.roles:
            self.other_role += 1
            return
        rank, correct = row.rank, row.correct
        values = [_number(measure(row)) for measure in self._measures.values()]
        if correct is None and rank is None and not any(value == value for value in values):
            self.unanswered += 1
            return
        place = self._place(row)
        text = f"{place} {row.view} {row.question}\0{row.expected}"
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        first, candidates = -1, 0
        if rank is not None:
            first, candidates = int(rank == 1), min(row.candidates or 0, MOST)
        right = -1 if correct is None else int(correct)
        self._spill.add((int.from_bytes(key, "little"), place, right, first, candidates, *values))
        if self._composition is not None:
            self._composition.add(row, place)
        if len(self._spill.waiting) >= CHUNK:
            self._spill.settle()

    def _place(self, row: Probe) -> int:
        """The number of the row's person, checkpoint and cell."""
        alike = (
            row.checkpoint, row.persona, row.source, row.modality, row.task, row.set, row.split,
            row.base, row.hops, row.role, packed(row.condition),
        )  # fmt: skip
        place = self._known.get(alike)
        if place is None:
            asked = _asked(row)
            questions = self.asked.setdefault(asked, Questions(len(self.asked)))
            person = (row.checkpoint, row.persona)
            counts = questions.persons.get(person)
            if counts is None:
                counts = questions.persons[person] = Counts()
                self._counts.append((counts, questions))
                self._known[asked, person] = len(self._counts) - 1
            place = self._known[alike] = self._known[asked, person]
        return place

    def finish(self) -> None:
        """Count all that was taken, each question once."""
        sums = _Sums(len(self._counts), self._measures)
        cells = [questions for _, questions in self._counts]
        for part in self._spill.parts():
            self.repeated += sums.add(part)
            self.changed += sums.changed
            chosen = part[sums.ranked_last]
            for (place, size), number in _tally_pairs(chosen).items():
                cells[place].candidates[size] += number
        sums.into([counts for counts, _ in self._counts])
        if self._composition is not None:
            self._composition.into([counts for counts, _ in self._counts])


class _Sums:
    """Sums for every place, grown part by part."""

    def __init__(self, places: int, measures: Iterable[str]) -> None:
        self.counts = {name: np.zeros(places, dtype=np.int64) for name in Counts.__slots__[1:]}
        self.measured = {name: (np.zeros(places, np.int64), np.zeros(places)) for name in measures}
        self.changed = 0
        self.ranked_last: Flags = np.empty(0, dtype=np.int64)

    def add(self, part: Records) -> int:
        """Count a part; gives how many of its rows repeat a question."""
        again = np.zeros(len(part), dtype=bool)
        changed = again.copy()
        for value, number, right in (
            ("correct", "questions", "right"),
            ("first", "ranked", "ranked_first"),
        ):
            last = last_of_each(part, part[value] >= 0, part[value], again, changed)
            np.add.at(self.counts[number], part["place"][last], 1)
            np.add.at(self.counts[right], part["place"][last], part[value][last])
        self.ranked_last = last
        for name, (taken, total) in self.measured.items():
            last = last_of_each(part, np.isfinite(part[name]), part[name], again, changed)
            np.add.at(taken, part["place"][last], 1)
            np.add.at(total, part["place"][last], part[name][last])
        self.changed = int(changed.sum())
        return int(again.sum())

    def into(self, counts: list[Counts]) -> None:
        """Hand the sums over."""
        for name, sums in self.counts.items():
            for one, value in zip(counts, sums.tolist(), strict=True):
                setattr(one, name, value)
        for name, (numbers, totals) in self.measured.items():
            for one, number, total in zip(counts, numbers.tolist(), totals.tolist(), strict=True):
                if number:
                    one.measured = (one.measured or {}) | {name: (number, total)}


def _tally_pairs(ranked: Records) -> dict[tuple[int, int], int]:
    known = ranked[ranked["candidates"] > 0]
    pairs, numbers = np.unique(known[["place", "candidates"]], return_counts=True)
    return dict(zip(pairs.tolist(), numbers.tolist(), strict=True))


def _number(value: float | None) -> float:
    """A measure as a record holds it: what is absent is not a number."""
    return math.nan if value is None else value


def _asked(row: Probe) -> Asked:
    return Asked(
        row.source,
        row.modality,
        row.task,
        row.set,
        row.split,
        row.base,
        row.hops,
        row.role,
        packed(row.condition),
    )
