"""Counts of questions and right answers by person and cell, made by DuckDB for all that scores.

One scan over the lines gives, for each person, cell and checkpoint, how often was asked and how
often the answer was right. A question is known by checkpoint, base, source, modality, task, hops,
person, role, set, split, condition, view, question and expected answer. One that stands twice
counts once, with its last answer: the scan tells whether there is such a question, and only then a
second one sorts them out (`scoring.questions`). Python sees one row for each person and cell.

Numbers, truth values, labels and ids are read as raw JSON, so that `5`, `"5"` and `true` stay three
things, and are checked in SQL. What all rows of a cell have in common is decoded by the decoder of
rows. Where a check fails, the lines are read one by one, to name the one that is wrong.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson

from xmm_cli.garbage import none_is_made
from xmm_cli.rows.diagnosis import kind_of
from xmm_cli.rows.inputs import Inputs
from xmm_cli.rows.match import normalise
from xmm_cli.rows.paths import from_here
from xmm_cli.rows.reader import nothing_there
from xmm_cli.rows.types import (
    SCHEMA,
    ForgetOrRetain,
    Modality,
    Probe,
    Row,
    Run,
    Source,
    Split,
    Task,
)
from xmm_cli.scoring.labels import packed
from xmm_cli.scoring.persons import Person, Persons, Sighting

KEYS = (
    "kind", "schema", "checkpoint", "base", "source", "modality", "task", "hops", "role", "set",
    "split", "candidates", "condition",
)  # fmt: skip
"""What all rows of a cell have in common."""
WORDS = frozenset(
    {"kind", "checkpoint", "base", "source", "modality", "task", "role", "set", "split"}
)
"""Keys that are texts."""
NAME = "CASE WHEN dataset IS NULL AND task = 'name' THEN expected END"
"""What tells people of one id apart in rows that name no data set."""
COLUMNS = {
    **{key: "VARCHAR" if key in WORDS else "JSON" for key in KEYS},
    **dict.fromkeys(("persona", "view", "correct", "rank"), "JSON"),
    **dict.fromkeys(("run", "dataset", "question", "expected", "answer", "prefix"), "VARCHAR"),
    **dict.fromkeys(("logprob", "wrong_logprob"), "DOUBLE"),
    "token_logprobs": "DOUBLE[]",
    "extracted": "BOOLEAN",
}
"""The SQL type in which a field is read."""
TYPES = {"rank": "BIGINT", "candidates": "BIGINT", "correct": "BOOLEAN"}
"""What a measure takes a raw field for."""
_DECODER = msgspec.json.Decoder(Probe)


class Measure(NamedTuple):
    """A number that a row has, or has not, as a metric wants it."""

    sql: str
    """Over the fields of a probe row; NULL where a row does not have it."""
    functions: Mapping[str, Callable[[str, str], float | None]] = {}
    """Functions of two texts in it that SQL does not have."""

    @property
    def fields(self) -> set[str]:
        """The fields in it."""
        return set(re.findall(r"\w+", self.sql)) & COLUMNS.keys()

    @property
    def over_raw(self) -> str:
        """The same over fields as they are read: numbers and truth values as JSON."""
        sql = self.sql
        for name, kind in TYPES.items():
            sql = re.sub(rf"\b{name}\b", f'("{name}"::VARCHAR::{kind})', sql)
        return f"({sql})::DOUBLE"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is counted beside questions and right answers."""

    measures: Mapping[str, Measure] = field(default_factory=dict)
    composition: str | None = None
    """The name of the measure that puts two-hop questions beside their hops."""
    confusions: bool = False
    """Whether all answers are compared with the names of those taught, not only strangers'."""

    def and_also(self, other: "Wanted") -> "Wanted":
        """Both together."""
        return Wanted(
            {**self.measures, **other.measures},
            self.composition or other.composition,
            self.confusions or other.confusions,
        )


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
    """All that was asked with the same `Asked`."""

    persons: dict[tuple[str | None, Person], PersonCounts] = field(default_factory=dict)
    """By checkpoint and person."""
    candidates: Counter[int] = field(default_factory=Counter)
    """How many ranked questions had so many candidates."""
    rows: int = 0


@dataclass(slots=True)
class Counts:
    """All counts of some inputs."""

    asked: dict[Asked, CellCounts] = field(default_factory=dict)
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
        seen = sha256()
        lines = sorted(
            repr((asked, person, counts.of("generate"), counts.of("rank"), counts.measured))
            for asked, cell in self.asked.items()
            for (_, person), counts in cell.persons.items()
        )
        for line in lines:
            seen.update(line.encode("utf-8", "surrogatepass"))
        return seen.hexdigest()


def count(
    inputs: Inputs,
    wanted: Wanted | None = None,
    *,
    kinds: tuple[type[Row], ...] = (Probe, Run),
    need: tuple[type[Row], ...] = (Probe,),
    about: str | None = None,
) -> Counts:
    """Count the probe rows of the inputs.

    `kinds` are those that may stand there; of those in `need` there has to be one. With `about`,
    only rows about the checkpoint of that
    path (as counted from the working directory) or about the untrained base count.
    Raises `BadData`, with file and line, for a line that is no such row.
    """
    wanted = wanted or Wanted()
    connection = inputs.connection
    for measure in wanted.measures.values():
        for name, function in measure.functions.items():
            connection.create_function(name, function, ["VARCHAR", "VARCHAR"], "DOUBLE")
    folders = inputs.by_folder()
    for number, sources in enumerate(folders.values()):
        scanned = scan(inputs.relation(sources, columns_for(wanted)), wanted)
        into = "INSERT INTO parts" if number else "CREATE TEMP TABLE parts AS"
        inputs.execute(f"{into} SELECT {number} AS folder, * FROM ({scanned})", sources)
    with none_is_made():
        parts = [_Part(*row) for row in connection.execute(_gathered()).fetchall()]
        counter = _Counter(wanted, list(folders), parts, about)
        _check_kinds(inputs, counter.counts, kinds, need)
        if not all(counter.take(part) for part in parts):
            inputs.explain(inputs.sources, kinds, "a line that is no row of xmm")
        counter.finish(inputs)
    return counter.counts


def columns_for(wanted: Wanted) -> dict[str, str]:
    """The fields to be read, with their SQL types."""
    needed = {*KEYS, "run", "persona", "dataset", "view", "question", "expected", "answer",
              "correct", "rank"}  # fmt: skip
    for measure in wanted.measures.values():
        needed |= measure.fields
    return {name: kind for name, kind in COLUMNS.items() if name in needed}


def scan(relation: str, wanted: Wanted) -> str:
    """The query that counts by person and cell, each row for itself."""
    keys = ", ".join(f'"{key}"' for key in (*KEYS, "persona", "dataset"))
    measures = [f"({one.over_raw}) IS NULL" for one in wanted.measures.values()]
    neither = " AND ".join(["correct IS NULL", '"rank" IS NULL', *measures])
    taken = ", ".join(
        f"struct_pack(number := count({one.over_raw}), total := fsum({one.over_raw}))"
        for one in wanted.measures.values()
    )
    return f"""
SELECT *, hash({keys}, name) AS part FROM (SELECT {keys}, {NAME} AS name, run,
    count(*) AS number, count(correct) AS judged,
    coalesce(count_if(correct::VARCHAR = 'true'), 0) AS correct,
    coalesce(count_if(correct::VARCHAR = 'false'), 0) AS wrong,
    count("rank") AS ranked, coalesce(count_if("rank"::VARCHAR = '1'), 0) AS first,
    coalesce(count_if({neither}), 0) AS neither,
    bool_and(regexp_full_match("view", '0|[1-9][0-9]{{0,17}}'))
        AND coalesce(bool_and(regexp_full_match("rank", '[1-9][0-9]{{0,17}}')), true)
        AND count("view") = count(*) AND count(question) = count(*) AND count(expected) = count(*)
        AS sound,
    list_unique(list(hash("view", question, expected))) = count(*) AS once,
    any_value(expected) FILTER (task = 'name') AS right_name,
    list_distinct(list(row(hash(question), hash(expected)))
        FILTER (dataset IS NULL AND task IN ('fact', 'attribute'))) AS facts,
    list(answer) FILTER ({confused(wanted)}) AS answers,
    [{taken}] AS measured
FROM {relation} GROUP BY ALL)"""


def confused(wanted: Wanted) -> str:
    """Whether an answer is compared with the names of those taught."""
    always = "answer IS NOT NULL AND correct IS NOT NULL AND task = 'name'"
    return always if wanted.confusions else f"{always} AND role = 'aux'"


def _gathered() -> str:
    """The parts of each cell and checkpoint together."""
    keys = ", ".join(f'"{key}"' for key in KEYS)
    person = "persona, dataset, name, part, judged, correct, wrong, ranked, first, once, facts, "
    person += "right_name, answers, measured"
    return (
        f"SELECT folder, {keys}, sum(number)::BIGINT, sum(neither)::BIGINT, bool_and(sound), "
        "list_distinct(list(run)), "
        f"list(row({person})) FROM parts GROUP BY folder, {keys} ORDER BY ALL"
    )


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


class _Part(NamedTuple):
    """The persons of one cell and checkpoint, as DuckDB gives them."""

    folder: int
    kind: str | None
    schema: str | None
    checkpoint: str | None
    base: str | None
    source: str | None
    modality: str | None
    task: str | None
    hops: str | None
    role: str | None
    set: str | None
    split: str | None
    candidates: str | None
    condition: str | None
    number: int
    neither: int
    sound: bool
    runs: list[str | None]
    persons: list[tuple[Any, ...]]


class _Someone(NamedTuple):
    """One person of a part."""

    persona: str | None
    dataset: str | None
    name: str | None
    part: int
    judged: int
    correct: int
    wrong: int
    ranked: int
    first: int
    once: bool
    facts: list[tuple[int, int]] | None
    right_name: str | None
    answers: list[str] | None
    measured: list[dict[str, Any]]


class _Counter:
    """Turns what DuckDB counted into `Counts`."""

    def __init__(
        self, wanted: Wanted, folders: Sequence[Path], parts: Iterable[_Part], about: str | None
    ) -> None:
        self.wanted, self.folders, self.about = wanted, folders, about
        self.counts = Counts()
        self.slots: dict[tuple[int, int], tuple[Asked, tuple[str | None, Person]]] = {}
        """Folder and part → where its person is counted."""
        self._once = True
        self._answered: dict[Asked, set[tuple[tuple[str | None, Person], str]]] = {}
        self._answers: dict[tuple[Asked, tuple[str | None, Person]], list[str]] = {}
        known: dict[tuple[str, str], set[str]] = defaultdict(set)
        sightings = []
        for part in parts:
            self.counts.kinds[str(part.kind)] += part.number
            for someone in map(_Someone._make, part.persons if part.kind == "probe" else ()):
                if someone.persona is None:
                    continue
                if someone.dataset is None:
                    sightings.append(_sighting(part, someone))
                elif someone.right_name is not None:
                    known[_text(someone.persona), someone.right_name].add(someone.dataset)
        self.persons = Persons(sightings, known)

    def take(self, part: _Part) -> bool:
        """Count a part; False where it is not sound."""
        if part.kind != "probe":
            return part.kind is not None
        row = _decoded(part)
        if row is None or not part.sound or row.schema > SCHEMA:
            return False
        checkpoint = row.checkpoint
        if checkpoint is not None:
            checkpoint = from_here(self.folders[part.folder], checkpoint)
        if self.about is not None and checkpoint not in (None, self.about):
            return True
        self.counts.runs |= {run for run in part.runs if run is not None}
        self.counts.unanswered += part.neither
        asked = Asked(
            row.source, row.modality, row.task, row.set, row.split, row.base, row.hops, row.role,
            packed(row.condition),
        )  # fmt: skip
        cell = self.counts.asked.setdefault(asked, CellCounts())
        cell.rows += part.number
        self._answered.setdefault(asked, set())
        for someone in map(_Someone._make, part.persons):
            if not self._sound(someone):
                return False
            self._add(part, asked, cell, checkpoint, row.candidates, someone)
        return True

    def _sound(self, someone: _Someone) -> bool:
        named = someone.persona is not None and someone.persona.startswith('"')
        judged = someone.correct + someone.wrong == someone.judged
        return named and judged and someone.persona != '""'

    def _add(
        self,
        part: _Part,
        asked: Asked,
        cell: CellCounts,
        checkpoint: str | None,
        candidates: int | None,
        someone: _Someone,
    ) -> None:
        if someone.dataset is None:
            person = self.persons.person(_sighting(part, someone))
        else:
            person = Person(someone.dataset, _text(str(someone.persona)))
        key = (checkpoint, person)
        self.slots[part.folder, someone.part] = (asked, key)
        if someone.right_name is not None:
            self.counts.names[person] = someone.right_name
        if someone.right_name is not None and asked.role == "eval" and asked.source is not None:
            names = self.counts.taught.setdefault((checkpoint, asked.base), set())
            names.add(normalise(someone.right_name))
        counts = cell.persons.setdefault(key, PersonCounts())
        self._note_once(asked, key, someone)
        counts.questions += someone.judged
        counts.right += someone.correct
        counts.ranked += someone.ranked
        counts.ranked_first += someone.first
        if someone.ranked and candidates is not None:
            cell.candidates[candidates] += someone.ranked
        for name, measured in zip(self.wanted.measures, someone.measured, strict=True):
            number, total = counts.measured.get(name, (0, 0.0))
            if measured["number"]:
                counts.measured[name] = (number + measured["number"], total + measured["total"])
        if someone.answers:
            self._answers.setdefault((asked, key), []).extend(someone.answers)

    def _note_once(self, asked: Asked, key: tuple[str | None, Person], someone: _Someone) -> None:
        """Whether each question stands once, also over several parts."""
        self._once &= someone.once
        ways = {"generate": someone.judged, "rank": someone.ranked}
        ways |= {
            name: measured["number"]
            for name, measured in zip(self.wanted.measures, someone.measured, strict=True)
        }
        answered = self._answered[asked]
        for way, number in ways.items():
            if number and (key, way) in answered:
                self._once = False
            elif number:
                answered.add((key, way))

    def finish(self, inputs: Inputs) -> None:
        """Sort out repeated questions, and compare answers with the names of those taught."""
        if not self._once or (self.wanted.composition and self._has_two_hops()):
            from xmm_cli.scoring.questions import Questions

            questions = Questions(inputs, self.wanted, self.slots)
            if not self._once:
                self._answers = questions.recount(self.counts)
            if self.wanted.composition:
                questions.compose(self.counts, self.wanted.composition)
        for (asked, key), answers in self._answers.items():
            names = self.counts.taught.get((key[0], asked.base), set())
            taught = sum(normalise(answer) in names for answer in answers)
            self.counts.asked[asked].persons[key].taught = taught
        if self.persons.ambiguous:
            number = len(self.persons.ambiguous)
            self.counts.notes.append(
                f"{number} ids stand for several people: their rows name no data set and were "
                "told apart by their right answers"
            )

    def _has_two_hops(self) -> bool:
        return any(asked.task == "fact" and asked.hops > 1 for asked in self.counts.asked)


def _check_kinds(
    inputs: Inputs, counts: Counts, kinds: tuple[type[Row], ...], need: tuple[type[Row], ...]
) -> None:
    """Refuse rows of other kinds, and inputs without any that is needed. Raises `BadData`."""
    if set(counts.kinds) - {kind_of(kind) for kind in kinds}:
        inputs.explain(inputs.sources, kinds, "a row of another kind")
    others = tuple(kind for kind in kinds if kind is not Probe and counts.kinds[kind_of(kind)])
    for _ in inputs.rows_of(*others) if others else ():
        continue  # looked at, so that a wrong one is named
    if need and not any(counts.kinds[kind_of(kind)] for kind in need):
        raise nothing_there([source.name for source in inputs.sources], need)


def _sighting(part: _Part, someone: _Someone) -> Sighting:
    unit = (part.folder, part.checkpoint, part.base)
    return Sighting(unit, _text(str(someone.persona)), someone.name, frozenset(someone.facts or ()))


def _text(raw: str) -> str:
    """A JSON string."""
    return str(orjson.loads(raw)) if raw.startswith('"') else raw


def _decoded(part: _Part) -> Probe | None:
    """What the rows of a part have in common, checked like every row; None where it is no row."""
    words = {key: getattr(part, key) for key in KEYS}
    if (words["checkpoint"] is None) != (words["source"] is None):
        return None
    try:
        fields = [
            f'"{key}":{orjson.dumps(value).decode() if key in WORDS else value}'
            for key, value in words.items()
            if value is not None and key != "condition"
        ]
        nulls = [f'"{key}":null' for key in ("checkpoint", "source") if words[key] is None]
        labels = msgspec.json.decode(words["condition"] or "{}")
        if not isinstance(labels, dict):
            return None
        known = {name: label for name, label in labels.items() if label is not None}
        rest = '"persona":"-","view":0,"question":"","expected":""'
        fields.append(f'"condition":{packed(known).decode()}')
        return _DECODER.decode(f"{{{','.join([*fields, *nulls, rest])}}}")
    except (msgspec.MsgspecError, orjson.JSONDecodeError, ValueError):
        return None
