"""Large files of probe rows, counted by DuckDB in one scan instead of row by row.

What is read is the raw JSON of each field, so that `5`, `"5"` and `true` stay three things; only
strings among a few known ones are read as text, and names, which may not look like numbers. DuckDB
counts per person, and gathers the persons of each cell and checkpoint; such a group is then decoded
as a `Probe` by the same decoder as single rows, and what differs within one (view, question,
answers) is checked in SQL. Whenever anything is not plain, the answer is None, and the caller reads
row by row, which names file and line, or shows that nothing is wrong: a malformed line or field, a
question that occurs twice, rows of other kinds, fields that only some metrics look at, a line of
32 MiB. (DuckDB may be told to take longer ones; it then reads a file in fewer and larger pieces,
which is slower, and leaves many cores idle.) So this module decides nothing; it is only faster.

Three things it does not see: a `checkpoint` and `source` that are both missing count as null;
malformed JSON inside fields that no row has may pass; so may a comma before a closing bracket.

A question is known by 64 bits within its person and cell: there, two of a thousand agree by chance
once in 1e13, and then the rows are merely read the slow way.
"""

import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson

from xmm_cli.rows.database import connected
from xmm_cli.rows.places import from_here
from xmm_cli.rows.types import SCHEMA, Probe
from xmm_cli.scoring.labels import packed

WORTHWHILE_BYTES = 4_000_000
"""Below, reading row by row is done before DuckDB is loaded."""
PASSING = ("run", "trace")
"""Kinds that are left out without a look into them."""
PLAIN_ENDS = (".jsonl", ".ndjson", ".json")

FOLDER = "parse_dirpath(filename)"
"""What a checkpoint's path counts from."""
_KEYS = (
    "kind", "schema", "checkpoint", "base", "source", "modality", "task", "hops", "role", "set",
    "split", "candidates", "condition",
)  # fmt: skip
_WITHIN = ("run", "view", "question", "expected", "answer", "correct", "rank", "logprob")
"""Fields that differ within a group."""
_KNOWN = ("kind", "source", "modality", "task", "role", "set", "split")
"""Read as text: what is no string becomes one that none of them may be."""
_NAMES = ("checkpoint", "base", "persona")
_LITERAL = re.compile(r"[-0-9{\[NI].*|true|false|null", re.DOTALL)
"""What a JSON number, boolean, object or list looks like as text."""
_DECODER = msgspec.json.Decoder(Probe)

_OF_PERSON = r"""
    count(*) AS number,
    count(correct) AS asked,
    coalesce(count_if(correct::VARCHAR = 'true'), 0) AS "right",
    coalesce(count_if(correct::VARCHAR = 'false'), 0) AS wrong,
    count("rank") AS ranked,
    coalesce(count_if("rank"::VARCHAR = '1'), 0) AS ranked_first,
    coalesce(count_if(correct IS NULL AND "rank" IS NULL), 0) AS neither,
    bool_and(coalesce(
        starts_with(question, '"') AND starts_with(expected, '"')
        AND regexp_full_match("view", '0|[1-9][0-9]{0,17}'), false))
    AND coalesce(bool_and(starts_with(answer, '"')), true)
    AND coalesce(bool_and(starts_with(run, '"')), true)
    AND coalesce(bool_and(regexp_matches(logprob, '^[-0-9]')), true)
    AND coalesce(bool_and(regexp_full_match("rank", '[1-9][0-9]{0,17}')), true)
    AND list_unique(list(hash("view", question, expected))) = count(*)
"""
_OF_GROUP = """
    list(row(persona, asked, "right", ranked, ranked_first)),
    sum(number),
    sum(neither),
    bool_and(plain AND "right" + wrong = asked)
"""


class Person(NamedTuple):
    """The questions and right answers of one person; a row of the query."""

    persona: str
    questions: int
    right: int
    ranked: int
    ranked_first: int


class Counted(NamedTuple):
    """What was asked of one checkpoint in one cell."""

    row: Probe
    """What its rows have in common; persona, view, question and answers in it mean nothing."""
    persons: list[Person]


@dataclass(slots=True)
class FileCounts:
    """All that was counted; a person, cell and checkpoint may stand in several groups."""

    groups: list[Counted] = field(default_factory=list)
    other_role: int = 0
    unanswered: int = 0
    answered: dict[tuple[object, ...], set[str]] = field(default_factory=dict)
    """Who was asked in a cell and way of answering."""


def count_files(
    files: Sequence[str], roles: Iterable[str], beside: Callable[[], object] = lambda: None
) -> FileCounts | None:
    """The counts of these files, with checkpoints counted from the working directory.

    None where they are better, or have to be, read row by row. Raises nothing about their content.
    `beside` is done in a thread of its own while DuckDB reads, which leaves Python alone.
    """
    if not files or not _worthwhile(files):
        return None
    import duckdb

    wanted, counts = frozenset(roles), FileCounts()
    with _thread(beside), connected(preserve_insertion_order="false") as connection:
        try:
            groups = connection.execute(_query(), [list(files)])
            while group := groups.fetchone():
                if not _add(counts, wanted, group):
                    return None
        except (duckdb.Error, msgspec.MsgspecError):
            return None
    return counts if counts.groups or counts.other_role or counts.unanswered else None


@contextmanager
def _thread(work: Callable[[], object]) -> Iterator[None]:
    """Inside the block, work goes on in a thread; it has ended when the block ends.

    It is done ahead: what fails of it fails again where it is needed.
    """

    def quietly() -> None:
        with suppress(Exception):
            work()

    thread = threading.Thread(target=quietly)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _query() -> str:
    fields = ("kind", *Probe.__struct_fields__)
    unknown = [name for name in fields if name not in (*_KEYS, "persona", *_WITHIN)]
    absent = "".join(f' AND count("{name}") = 0' for name in unknown)
    keys = ", ".join(f'"{name}"' for name in _KEYS)
    columns = {name: "VARCHAR" if name in _KNOWN + _NAMES else "JSON" for name in fields}
    return (
        f"SELECT folder, {keys}, {_OF_GROUP} FROM ("
        f"SELECT {FOLDER} AS folder, {keys}, persona, {_OF_PERSON}{absent} AS plain "
        "FROM read_json(?, format = 'newline_delimited', records = 'true', filename = true, "
        f"hive_partitioning = false, columns = {columns}) "
        f"GROUP BY {FOLDER}, {keys}, persona) GROUP BY folder, {keys}"
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
    folder, *labels = group[: 1 + len(_KEYS)]
    found, number, neither, plain = group[1 + len(_KEYS) :]
    keys = dict(zip(_KEYS, labels, strict=True))
    if keys["kind"] in PASSING:
        return True
    if keys["kind"] != "probe" or not plain:
        return False
    persons = [Person(*one) for one in found]
    names = [keys["checkpoint"], keys["base"], *(one.persona for one in persons)]
    if any(name is not None and _LITERAL.fullmatch(name) for name in names):
        return False
    if not all(one.persona for one in persons):
        return False
    row = _decode(folder, {**keys, "persona": persons[0].persona})
    if row.schema > SCHEMA or (row.checkpoint is None) != (row.source is None):
        return False
    if row.role not in roles:
        counts.other_role += number
        return True
    counts.unanswered += neither
    persons = [one for one in persons if one.questions or one.ranked]
    counts.groups.append(Counted(row, persons))
    return _once(counts, row, persons)


def _once(counts: FileCounts, row: Probe, persons: Sequence[Person]) -> bool:
    """Whether no person was counted in this cell and way of answering before.

    Generating and ranking may stand in rows of their own and add up, but the same way of answering
    in another group may be a repetition.
    """
    cell = (
        row.checkpoint, row.base, row.source, row.modality, row.task, row.hops,
        row.role, row.set, row.split, packed(row.condition),
    )  # fmt: skip
    for way, names in (
        ("generate", [one.persona for one in persons if one.questions]),
        ("rank", [one.persona for one in persons if one.ranked]),
    ):
        answered = counts.answered.setdefault((*cell, way), set())
        if not answered.isdisjoint(names):
            return False
        answered.update(names)
    return True


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
