"""The scan that counts: which fields are read, as what, and the SQL over them.

Numbers, truth values, labels and ids are read as raw JSON, so that `5`, `"5"` and `true` stay three
things, and are checked in SQL. What all rows of a cell have in common is decoded by the decoder of
rows.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import orjson

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.packed_labels import packed
from xmm_cli.scoring.persons import Sighting

KEYS = (
    "kind", "schema", "checkpoint", "base", "source", "modality", "task", "hops", "role", "set",
    "split", "candidates", "attack", "condition",
)  # fmt: skip
"""What all rows of a cell have in common."""
WORDS = frozenset(
    {"kind", "checkpoint", "base", "source", "modality", "task", "role", "set", "split", "attack"}
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
class WantedCounts:
    """What is counted beside questions and right answers."""

    measures: Mapping[str, Measure] = field(default_factory=dict)
    composition: str | None = None
    """The name of the measure that puts two-hop questions beside their hops."""
    confusions: bool = False
    """Whether all answers are compared with the names of those taught, not only strangers'."""

    def and_also(self, other: "WantedCounts") -> "WantedCounts":
        """Both together."""
        return WantedCounts(
            {**self.measures, **other.measures},
            self.composition or other.composition,
            self.confusions or other.confusions,
        )


def columns_for(wanted: WantedCounts) -> dict[str, str]:
    """The fields to be read, with their SQL types."""
    needed = {*KEYS, "run", "persona", "dataset", "view", "question", "expected", "answer",
              "correct", "rank"}  # fmt: skip
    for measure in wanted.measures.values():
        needed |= measure.fields
    return {name: kind for name, kind in COLUMNS.items() if name in needed}


def scan(relation: str, wanted: WantedCounts) -> str:
    """The query that counts by person and cell, each row for itself."""
    keys = person_keys()
    measures = [f"({measure.over_raw}) IS NULL" for measure in wanted.measures.values()]
    neither = " AND ".join(["correct IS NULL", '"rank" IS NULL', *measures])
    taken = ", ".join(
        f"struct_pack(number := count({one.over_raw}), total := fsum({one.over_raw}))"
        for one in wanted.measures.values()
    )
    return f"""
SELECT * EXCLUDE (right_answer), hash({keys}, name) AS part,
    CASE WHEN task = 'name' THEN right_answer END AS right_name
FROM (SELECT {keys}, {NAME} AS name, run,
    count(*) AS number, count(correct) AS judged,
    coalesce(count_if(correct::VARCHAR = 'true'), 0) AS correct,
    count("rank") AS ranked, coalesce(count_if("rank"::VARCHAR = '1'), 0) AS first,
    coalesce(count_if({neither}), 0) AS neither,
    bool_and("view" IS NOT NULL AND question IS NOT NULL AND expected IS NOT NULL
        AND {_is_number("view")}
        AND (correct IS NULL OR correct::VARCHAR IN ('true', 'false'))
        AND ("rank" IS NULL OR ({_is_number("rank")} AND "rank"::VARCHAR <> '0'))) AS sound,
    list_unique(list(hash("view", question))) = count(*) AS once,
    any_value(expected) AS right_answer,
    list(answer) FILTER ({confused(wanted)}) AS answers,
    [{taken}] AS measured
FROM {relation} GROUP BY ALL)"""


def person_keys() -> str:
    """The fields that cell and person are known by."""
    return ", ".join(f'"{key}"' for key in (*KEYS, "persona", "dataset"))


def _is_number(field: str) -> str:
    """Whether a raw field is a whole number that fits 64 bits: faster than a regular expression."""
    text = f'"{field}"::VARCHAR'
    letters = " ".join(f"AND NOT contains({text}, '{letter}')" for letter in ".eE")
    return f"{text} >= '0' AND {text} < ':' AND length({text}) < 19 {letters}"


NAMELESS = "dataset IS NULL AND task IN ('fact', 'attribute')"
"""Rows whose question and right answer tell people of one id apart."""


def facts_scan(relation: str) -> str:
    """The query for the hashes of questions and right answers by part, of rows without data set."""
    return f"""
SELECT hash({person_keys()}, {NAME}) AS part,
    list_distinct(list(row(hash(question), hash(expected))))
FROM {relation} WHERE {NAMELESS} GROUP BY part"""


def confused(wanted: WantedCounts) -> str:
    """Whether an answer is compared with the names of those taught."""
    always = "answer IS NOT NULL AND correct IS NOT NULL AND task = 'name'"
    return always if wanted.confusions else f"{always} AND role = 'aux'"


def gathered() -> str:
    """The parts of each cell and checkpoint together."""
    keys = ", ".join(f'"{key}"' for key in KEYS)
    person = "persona, dataset, name, part, judged, correct, ranked, first, once, "
    person += "right_name, answers, measured"
    return (
        f"SELECT folder, {keys}, sum(number)::BIGINT, sum(neither)::BIGINT, bool_and(sound), "
        "list_distinct(list(run)), "
        f"list(row({person})) FROM parts GROUP BY folder, {keys} ORDER BY ALL"
    )


class ScannedPart(NamedTuple):
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
    attack: str | None
    condition: str | None
    number: int
    neither: int
    sound: bool
    runs: list[str | None]
    persons: list[tuple[Any, ...]]


class ScannedPerson(NamedTuple):
    """One person of a part."""

    persona: str | None
    dataset: str | None
    name: str | None
    part: int
    judged: int
    correct: int
    ranked: int
    first: int
    once: bool
    right_name: str | None
    answers: list[str] | None
    measured: list[dict[str, Any]]


def sighting(
    part: ScannedPart, someone: ScannedPerson, facts: Iterable[tuple[int, int]]
) -> Sighting:
    """What a part says of a person whose rows name no data set."""
    unit = (part.folder, part.checkpoint, part.base)
    return Sighting(unit, text_of(str(someone.persona)), someone.name, frozenset(facts))


@lru_cache(maxsize=1 << 16)
def text_of(raw: str) -> str:
    """A JSON string."""
    return str(orjson.loads(raw)) if raw.startswith('"') else raw


def decoded(part: ScannedPart) -> Probe | None:
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
