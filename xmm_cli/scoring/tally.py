"""Counts right answers per person while probe rows stream past.

A tally keeps four integers for each person, cell and checkpoint, and sixteen bytes for each
question, by which a question asked again is known. So memory grows with the questions (some
0.2 GB a million), never with their texts, and nothing depends on the order of the rows, save
where the same question stands twice with two answers: there the last row counts, as in a file
that a second run was appended to.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from itertools import count
from typing import NamedTuple

import orjson

from xmm_cli.rows.types import Answer, ForgetOrRetain, Modality, Probe, Source, Split, Task
from xmm_cli.scoring.sql import FileCounts


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


class Outcome(NamedTuple):
    """How one question went; None where it was not asked that way."""

    correct: bool | None
    first: bool | None
    candidates: int | None


class Counts:
    """Questions and right answers of one person under one checkpoint in one cell."""

    __slots__ = ("candidates", "questions", "ranked", "ranked_first", "right", "serial")

    def __init__(self, serial: int, candidates: Counter[int]) -> None:
        self.serial = serial
        self.questions = self.right = self.ranked = self.ranked_first = 0
        self.candidates = candidates
        """How many questions had so many candidates: one counter for the whole cell."""

    def add(self, outcome: Outcome, sign: int) -> None:
        """Count an outcome (`sign` 1), or take it back (-1)."""
        correct, first, candidates = outcome
        if correct is not None:
            self.questions += sign
            self.right += sign * correct
        if first is not None:
            self.ranked += sign
            self.ranked_first += sign * first
            if candidates is not None:
                self.candidates[candidates] += sign

    def of(self, answer: Answer) -> tuple[int, int]:
        """Questions and right answers for one way of answering."""
        if answer == "generate":
            return self.questions, self.right
        return self.ranked, self.ranked_first


class Questions:
    """All that was asked with the same `Asked`."""

    __slots__ = ("candidates", "persons")

    def __init__(self) -> None:
        self.persons: dict[tuple[str | None, str], Counts] = {}
        """By checkpoint and persona."""
        self.candidates: Counter[int] = Counter()


class Tally:
    """The counts of all persons, and how many rows were left out and why."""

    def __init__(self, roles: Iterable[str]) -> None:
        self.roles = frozenset(roles)
        self.asked: dict[Asked, Questions] = {}
        self.repeated = 0
        """Rows whose question had been answered before in the same way."""
        self.changed = 0
        """Repeated rows that answered otherwise."""
        self.other_role = 0
        self.unanswered = 0
        """Rows with neither an answer judged nor a rank."""
        self._serial = count()
        self._seen: dict[bytes, Outcome] = {}
        self._shared: dict[Outcome, Outcome] = {}

    @classmethod
    def of(cls, counts: FileCounts, roles: Iterable[str]) -> "Tally":
        """The tally of files that were counted as a whole."""
        tally = cls(roles)
        tally.other_role, tally.unanswered = counts.other_role, counts.unanswered
        for group in counts.groups:
            person = tally._counts(group.row)
            person.questions += group.questions
            person.right += group.right
            person.ranked += group.ranked
            person.ranked_first += group.ranked_first
            if group.ranked and group.row.candidates is not None:
                person.candidates[group.row.candidates] += group.ranked
        return tally

    def add(self, row: Probe) -> None:
        """Count one row."""
        if row.role not in self.roles:
            self.other_role += 1
            return
        first = None if row.rank is None else row.rank == 1
        outcome = Outcome(row.correct, first, row.candidates if row.rank is not None else None)
        if outcome.correct is None and first is None:
            self.unanswered += 1
            return
        counts = self._counts(row)
        question = _digest(counts.serial, row)
        before = self._seen.get(question)
        if before is not None:
            counts.add(before, -1)
            outcome = self._merge(before, outcome)
        counts.add(outcome, 1)
        self._seen[question] = self._shared.setdefault(outcome, outcome)

    def _counts(self, row: Probe) -> Counts:
        """The counts of the row's person, checkpoint and cell."""
        asked = _asked(row)
        questions = self.asked.get(asked)
        if questions is None:
            questions = self.asked[asked] = Questions()
        person = (row.checkpoint, row.persona)
        counts = questions.persons.get(person)
        if counts is None:
            counts = Counts(next(self._serial), questions.candidates)
            questions.persons[person] = counts
        return counts

    def _merge(self, before: Outcome, new: Outcome) -> Outcome:
        """The last answer of each kind; generating and ranking may come in two rows."""
        correct = before.correct if new.correct is None else new.correct
        again = None not in (before.correct, new.correct)
        changed = again and before.correct != new.correct
        if new.first is None:
            first, candidates = before.first, before.candidates
        else:
            first, candidates = new.first, new.candidates
            again = again or before.first is not None
            changed = changed or before.first not in (None, new.first)
        self.repeated += again
        self.changed += changed
        return Outcome(correct, first, candidates)


def _asked(row: Probe) -> Asked:
    labels = orjson.dumps(row.condition, option=orjson.OPT_SORT_KEYS) if row.condition else b"{}"
    return Asked(
        row.source,
        row.modality,
        row.task,
        row.set,
        row.split,
        row.base,
        row.hops,
        row.role,
        labels,
    )


def _digest(serial: int, row: Probe) -> bytes:
    """Sixteen bytes that stand for a question: two of a million agree by chance once in 1e26."""
    text = f"{serial} {row.view} {row.question}".encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=16).digest()
