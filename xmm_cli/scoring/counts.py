"""Counts of questions and right answers by person and cell, which all that scores reads."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from xmm_cli.rows.types import ForgetOrRetain, Modality, Source, Split, Task
from xmm_cli.scoring.persons import Person


class QuestionKind(NamedTuple):
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
    attack: str | None = None
    """The attack under which it was asked."""


@dataclass(slots=True)
class PersonCounts:
    """Questions and right answers of one person under one checkpoint in one cell."""

    questions: int = 0
    right: int = 0
    ranked: int = 0
    ranked_first: int = 0
    taught: int = 0
    """Answers that are the name of a person who was taught, the right one included."""
    measured: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Measure → how often it was taken, and its sum."""

    def of(self, way: str) -> tuple[int, float]:
        """Questions and right answers for a way of answering; number and sum of a measure."""
        if way == "generate":
            return self.questions, self.right
        if way == "rank":
            return self.ranked, self.ranked_first
        if way == "recall_restricted":
            return self.taught, self.right
        if way == "false_recognition":
            return self.questions, self.taught
        return self.measured.get(way, (0, 0.0))

    def plus(self, other: "PersonCounts") -> "PersonCounts":
        """Both together."""
        measured = dict(self.measured)
        for name, (number, total) in other.measured.items():
            before = measured.get(name, (0, 0.0))
            measured[name] = (before[0] + number, before[1] + total)
        return PersonCounts(
            self.questions + other.questions,
            self.right + other.right,
            self.ranked + other.ranked,
            self.ranked_first + other.ranked_first,
            self.taught + other.taught,
            measured,
        )


@dataclass(slots=True)
class CellCounts:
    """All that was asked with the same `QuestionKind`."""

    persons: dict[tuple[str | None, Person], PersonCounts] = field(default_factory=dict)
    """By checkpoint and person."""
    candidates: Counter[int] = field(default_factory=Counter)
    """How many ranked questions had so many candidates."""
    rows: int = 0


@dataclass(slots=True)
class Counts:
    """All counts of some inputs."""

    asked: dict[QuestionKind, CellCounts] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    """Rows by kind."""
    runs: set[str] = field(default_factory=set)
    """The runs that made the probe rows."""
    repeated: int = 0
    """Rows whose question had been answered before in the same way."""
    changed: int = 0
    """Questions whose repeated answers differ."""
    unanswered: int = 0
    """Rows with neither an answer judged, nor a rank, nor what was to be measured."""
    notes: list[str] = field(default_factory=list)
    taught: dict[tuple[str | None, str], set[str]] = field(default_factory=dict)
    """Checkpoint and base → normalised names of those who were taught (role eval)."""
    names: dict[Person, str] = field(default_factory=dict)
    """The right answers to the name question, of those who were asked it."""

    def is_about(self, checkpoint: str) -> bool:
        """Whether some row is about the checkpoint."""
        return any(path == checkpoint for cell in self.asked.values() for path, _ in cell.persons)

    def digest(self) -> str:
        """What was counted, in a few letters; where the files lie does not matter."""
        kinds = [(repr(asked), cell) for asked, cell in self.asked.items()]
        people = {person: repr(person) for _, cell in kinds for _, person in cell.persons}
        lines = sorted(
            f"({kind}, {people[person]}, {counts.of('generate')}, {counts.of('rank')}, "
            f"{counts.measured})"
            for kind, cell in kinds
            for (_, person), counts in cell.persons.items()
        )
        return sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def tell_apart(first: Counts, second: Counts) -> None:
    """Call the same person the same in both, and two people of one id two.

    Only of people whose rows name no data set: what the other side knows of an id may show that
    they are two, or which data set they are of.
    """
    ids: dict[str, set[str]] = defaultdict(set)
    datasets: dict[tuple[str, str], set[str]] = defaultdict(set)
    for person, name in (*first.names.items(), *second.names.items()):
        if person.dataset:
            datasets[person.id, name].add(person.dataset)
        else:
            ids[person.id].add(name)
    for counts in (first, second):
        spelled = {}
        for person, name in counts.names.items():
            known = datasets.get((person.id, name), set())
            if not person.dataset and len(known) == 1:
                spelled[person] = Person(next(iter(known)), person.id)
            elif not person.dataset and len(ids[person.id]) > 1:
                spelled[person] = Person("", person.id, name)
        for cell in counts.asked.values() if spelled else ():
            cell.persons = {
                (checkpoint, spelled.get(person, person)): one
                for (checkpoint, person), one in cell.persons.items()
            }
