"""Large files of probe rows, counted by DuckDB in one scan instead of row by row.

What is read is the raw JSON of each field, so that `5`, `"5"` and `true` stay three things; only
strings among a few known ones are read as text, and names, which may not look like numbers. DuckDB
counts per person, cell and checkpoint; each such group is then decoded as a `Probe` by the same
decoder as single rows, and what differs within a group (view, question, answers) is checked in SQL.
Whenever anything is not plain, the answer is None, and the caller reads row by row, which names
file and line, or shows that nothing is wrong: a malformed line or field, a question that occurs
twice, rows of other kinds, fields that only some metrics look at. So this module decides nothing;
it is only faster.

Three things it does not see: a `checkpoint` and `source` that are both missing count as null;
malformed JSON inside fields that no row has may pass; so may a comma before a closing bracket.

A question is known by 64 bits within its person and cell: there, two of a thousand agree by chance
once in 1e13, and then the rows are merely read the slow way.
"""

import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson

from xmm_cli.rows.database import connected
from xmm_cli.rows.places import from_here
from xmm_cli.rows.types import SCHEMA, Probe

WORTHWHILE_BYTES = 4_000_000
"""Below, reading row by row is done before DuckDB is loaded."""
MAX_LINE_BYTES = 64 * 1024 * 1024
PASSING = ("run", "trace")
"""Kinds that are left out without a look into them."""
PLAIN_ENDS = (".jsonl", ".ndjson", ".json")

FOLDER = "parse_dirpath(filename)"
"""What a checkpoint's path counts from."""
_KEYS = (
    "kind", "schema", "checkpoint", "base", "source", "modality", "task", "hops", "persona", "role",
    "set", "split", "candidates", "condition",
)  # fmt: skip
_WITHIN = ("run", "view", "question", "expected", "answer", "correct", "rank", "logprob")
"""Fields that differ within a group."""
_KNOWN = ("kind", "source", "modality", "task", "role", "set", "split")
"""Read as text: what is no string becomes one that none of them may be."""
_NAMES = ("checkpoint", "base", "persona")
_LITERAL = re.compile(r"[-0-9{\[NI].*|true|false|null", re.DOTALL)
"""What a JSON number, boolean, object or list looks like as text."""
_DECODER = msgspec.json.Decoder(Probe)

_COUNTS = r"""
    count(*),
    count(correct),
    coalesce(count_if(correct::VARCHAR = 'true'), 0),
    coalesce(count_if(correct::VARCHAR = 'false'), 0),
    count("rank"),
    coalesce(count_if("rank"::VARCHAR = '1'), 0),
    coalesce(count_if(correct IS NULL AND "rank" IS NULL), 0),
    list_unique(list(hash("view", question, expected))),
    bool_and(coalesce(
        starts_with(question, '"') AND starts_with(expected, '"')
        AND regexp_full_match("view", '0|[1-9][0-9]{0,17}'), false))
    AND coalesce(bool_and(starts_with(answer, '"')), true)
    AND coalesce(bool_and(starts_with(run, '"')), true)
    AND coalesce(bool_and(regexp_matches(logprob, '^[-0-9]')), true)
    AND coalesce(bool_and(regexp_full_match("rank", '[1-9][0-9]{0,17}')), true)
"""


class Counted(NamedTuple):
    """The questions and right answers of one person under one checkpoint in one cell."""

    row: Probe
    """What they have in common; view, question and answers in it mean nothing."""
    questions: int
    right: int
    ranked: int
    ranked_first: int


@dataclass(slots=True)
class FileCounts:
    """All that was counted; a person, cell and checkpoint may stand in several groups."""

    groups: list[Counted] = field(default_factory=list)
    other_role: int = 0
    unanswered: int = 0
    answered: set[tuple[object, ...]] = field(default_factory=set)
    """Who was asked in which cell and way of answering."""
    decoded: dict[tuple[object, ...], tuple[Probe, tuple[object, ...]]] = field(
        default_factory=dict
    )
    """What all persons of a cell have in common, decoded once."""


def count_files(files: Sequence[str], roles: Iterable[str]) -> FileCounts | None:
    """The counts of these files, with checkpoints counted from the working directory.

    None where they are better, or have to be, read row by row. Raises nothing about their content.
    """
    if not files or not _worthwhile(files):
        return None
    import duckdb

    wanted, counts = frozenset(roles), FileCounts()
    with connected(preserve_insertion_order="false") as connection:
        try:
            groups = connection.execute(_query(), [list(files)])
            while some := groups.fetchmany(10_000):
                if not all(_add(counts, wanted, group) for group in some):
                    return None
        except (duckdb.Error, msgspec.MsgspecError):
            return None
    return counts if counts.groups or counts.other_role or counts.unanswered else None


def _query() -> str:
    fields = ("kind", *Probe.__struct_fields__)
    unknown = [name for name in fields if name not in _KEYS + _WITHIN]
    absent = "".join(f' AND count("{name}") = 0' for name in unknown)
    keys = ", ".join(f'"{name}"' for name in _KEYS)
    columns = {name: "VARCHAR" if name in _KNOWN + _NAMES else "JSON" for name in fields}
    return (
        f"SELECT {FOLDER}, {keys}, {_COUNTS}{absent} "
        "FROM read_json(?, format = 'newline_delimited', records = 'true', filename = true, "
        "hive_partitioning = false, "
        f"maximum_object_size = {MAX_LINE_BYTES}, columns = {columns}) "
        f"GROUP BY {FOLDER}, {keys}"
    )


def _worthwhile(files: Sequence[str]) -> bool:
    """Whether all are plain files of JSON lines, large together, and none has a pattern's name."""
    total = 0
    for name in files:
        if not name.endswith(PLAIN_ENDS) or any(sign in name for sign in "*?[]{}"):
            return False
        try:
            found = Path(name).stat()
        except OSError:
            return False
        if not stat.S_ISREG(found.st_mode):
            return False
        total += found.st_size
    return total >= WORTHWHILE_BYTES and len(set(files)) == len(files)


def _add(counts: FileCounts, roles: frozenset[str], group: tuple[Any, ...]) -> bool:
    """Count a group; False where it is not plain."""
    folder, *rest = group
    keys = dict(zip(_KEYS, rest, strict=False))
    number, asked, right, wrong, ranked, first, neither, distinct, plain = rest[len(_KEYS) :]
    if keys["kind"] in PASSING:
        return True
    if keys["kind"] != "probe" or not plain or right + wrong != asked or distinct != number:
        return False
    if any(keys[name] is not None and _LITERAL.fullmatch(keys[name]) for name in _NAMES):
        return False
    alike = (folder, *(value for name, value in keys.items() if name != "persona"))
    if alike not in counts.decoded:
        first_row = _decode(folder, keys)
        counts.decoded[alike] = first_row, _cell(first_row)
    row, cell = counts.decoded[alike]
    if not keys["persona"]:
        return False
    row = msgspec.structs.replace(row, persona=keys["persona"])
    if row.schema > SCHEMA or (row.checkpoint is None) != (row.source is None):
        return False
    if row.role not in roles:
        counts.other_role += number
        return True
    counts.unanswered += neither
    if not (asked or ranked):
        return True
    # One person in several groups: generating and ranking may stand in rows of their own and add
    # up, but the same way of answering twice may be a repetition.
    ways = {
        (row.persona, cell, way) for way, some in (("generate", asked), ("rank", ranked)) if some
    }
    if ways & counts.answered:
        return False
    counts.answered |= ways
    counts.groups.append(Counted(row, asked, right, ranked, first))
    return True


def _cell(row: Probe) -> tuple[object, ...]:
    """Cell and checkpoint."""
    labels = orjson.dumps(row.condition, option=orjson.OPT_SORT_KEYS)
    return (
        row.checkpoint, row.base, row.source, row.modality, row.task, row.hops,
        row.role, row.set, row.split, labels,
    )  # fmt: skip


def _decode(folder: str, keys: dict[str, str | None]) -> Probe:
    """The group as a row, checked like every row. Raises `msgspec.MsgspecError`."""
    texts = {name: keys[name] for name in _KNOWN + _NAMES}
    raw = keys | {
        name: None if value is None else orjson.dumps(value).decode()
        for name, value in texts.items()
    }
    fields = [f'"{name}":{value}' for name, value in raw.items() if value is not None]
    nulls = [f'"{name}":null' for name in ("checkpoint", "source") if keys[name] is None]
    rest = '"view":0,"question":"","expected":""'
    row = _DECODER.decode(f"{{{','.join([*fields, *nulls, rest])}}}")
    if row.checkpoint is None:
        return row
    return msgspec.structs.replace(row, checkpoint=from_here(Path(folder), row.checkpoint))
