"""Rows of any files into the tables of a DuckDB connection, one table a kind."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from glob import escape as glob_escape
from pathlib import Path
from typing import Any, NoReturn

import orjson

from xmm_cli.errors import BadData
from xmm_cli.reporting.sql.columns import VIEWS, columns_of
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.sources import expand
from xmm_cli.rows.types import ROW_TYPES, SCHEMA

STDIN = "-"
MAX_LINE_BYTES = 64 * 1024 * 1024
STARTS = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "parquet"}
"""The first bytes of a file say what it is, not its name."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of JSON lines, and what a user calls it."""

    path: Path
    name: str
    packing: str
    """`none`, `gzip` or `zstd`."""
    torn: bool = False
    """Whether a last line that is not whole was left out."""


def sources(connection: Any, inputs: Sequence[str], folder: Path) -> list[Source]:
    """The inputs as files of lines; stdin and Parquet are copied into `folder` first.

    Raises:
        WrongUsage: no input, and stdin is a terminal.
        InputNotFound: one is missing, or no file matches a pattern.
        BadData: a Parquet file that is damaged.
    """
    names = expanded(inputs)
    read_rows(names, want=ROW_TYPES)  # says what is missing before anything is read
    found = []
    for place, name in enumerate(names or [STDIN]):
        if name == STDIN or not stat.S_ISREG(Path(name).stat().st_mode):
            copy = folder / f"{place}.jsonl"
            with copy.open("wb") as file:
                if name == STDIN:
                    shutil.copyfileobj(sys.stdin.buffer, file)
                else:
                    with Path(name).open("rb") as pipe:
                        shutil.copyfileobj(pipe, file)
            source = Source(copy, "stdin" if name == STDIN else name, _packing(copy))
        else:
            source = Source(Path(name), name, _packing(Path(name)))
        if source.packing == "parquet":
            source = _lines_of_parquet(connection, source, folder / f"{place}.parquet.jsonl")
        found.append(_whole_lines(source, folder / f"{place}.whole.jsonl"))
    return found


def expanded(inputs: Iterable[str]) -> list[str]:
    """The names, with the files that match in place of each quoted pattern. No file comes twice."""
    found = expand(list(inputs))
    # stdin named twice is for the reader to refuse
    return list(dict.fromkeys(found)) if found.count(STDIN) < 2 else found


def load(
    connection: Any, found: Sequence[Source], wanted: Iterable[str], *, labels: str
) -> list[str]:
    """Make all tables of `VIEWS`, and fill those in `wanted`. The answer is for the user's ears.

    Raises:
        BadData: a line that is no row (file and line are named), or no rows at all.
    """
    tables = {name: columns_of(row, labels=labels) for name, row in VIEWS.items()}
    for name, columns in tables.items():
        typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {name} ({typed})")
    number = 0
    for source in found:
        kinds = _kinds(connection, source)
        number += sum(kinds.values())
        for name in wanted:
            tag = str(VIEWS[name].__struct_config__.tag)
            if kinds.get(tag):
                _read(
                    connection,
                    source,
                    f"INSERT INTO {name} BY NAME "
                    f"SELECT * FROM {_rows(tables[name], source)} WHERE kind = '{tag}'",
                )
    if not number:
        names = ", ".join(source.name for source in found)
        raise BadData(f"{names}: no rows", "is the previous command's output empty?")
    return [
        f"{source.name}: the last line is not whole yet and was left out"
        for source in found
        if source.torn
    ]


def _rows(columns: dict[str, str], source: Source) -> str:
    return (
        "read_json(?, format = 'newline_delimited', records = 'true', "
        f"maximum_object_size = {MAX_LINE_BYTES}, compression = '{source.packing}', "
        f"columns = {columns})"
    )


def _read(connection: Any, source: Source, query: str) -> list[tuple[Any, ...]]:
    """What a query over a source gives. Raises `BadData` where DuckDB cannot read a line."""
    import duckdb

    try:
        rows: list[tuple[Any, ...]] = connection.execute(
            query, [glob_escape(str(source.path))]
        ).fetchall()
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        _explain(source, str(error).splitlines()[0])
    return rows


def _kinds(connection: Any, source: Source) -> dict[str, int]:
    """How many rows of each kind a source has. Raises `BadData` for what is no row."""
    query = f"SELECT kind, count(*), max(schema) FROM {_rows(_HEAD, source)} GROUP BY kind"
    found = _read(connection, source, query)
    known = {str(row.__struct_config__.tag) for row in ROW_TYPES}
    if any(kind not in known or (schema or 1) > SCHEMA for kind, _, schema in found):
        _explain(source, "a line that is no row")
    return {str(kind): number for kind, number, _ in found}


_HEAD = {"kind": "VARCHAR", "schema": "BIGINT"}


def _explain(source: Source, reason: str) -> NoReturn:
    """Read line by line, to name the line that is no row."""
    if source.packing == "none":
        try:
            for _ in read_rows([source.path], want=ROW_TYPES):
                continue
        except BadData as error:
            message = error.message.replace(str(source.path), source.name)
            raise BadData(message, error.hint) from error
    raise BadData(f"{source.name}: {reason}", "are all of its lines rows of xmm?")


def _whole_lines(source: Source, copy: Path) -> Source:
    """The same, or a copy without its last line, if that has no newline and is no JSON.

    Such a line is still being written, or its writer was interrupted.
    """
    if source.packing != "none":
        return source
    with source.path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MAX_LINE_BYTES))
        end = file.read()
        last = end[end.rfind(b"\n") + 1 :]
        if not last.lstrip().startswith(b"{"):
            return source
        with suppress(orjson.JSONDecodeError):
            orjson.loads(last)
            return source
        file.seek(0)
        with copy.open("wb") as whole:
            shutil.copyfileobj(file, whole)
            whole.truncate(size - len(last))
    return replace(source, path=copy, torn=True)


def _packing(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    return next((name for sign, name in STARTS.items() if start.startswith(sign)), "none")


def _lines_of_parquet(connection: Any, source: Source, copy: Path) -> Source:
    """A Parquet file of rows as JSON lines; labels that came as text are JSON again."""
    import duckdb

    name = glob_escape(str(source.path))
    try:
        columns = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [name]).fetchall()
        texts = [
            f'"{column}"::JSON AS "{column}"'
            for column, kind, *_ in columns
            if column in FREE_FORM and kind == "VARCHAR"
        ]
        replaced = f" REPLACE ({', '.join(texts)})" if texts else ""
        relation = f"SELECT *{replaced} FROM read_parquet('{_quoted(name)}')"
        connection.execute(f"COPY ({relation}) TO '{_quoted(str(copy))}' (FORMAT json)")
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise BadData(f"{source.name}: not a Parquet file of rows: {reason}") from error
    return Source(copy, source.name, "none")


FREE_FORM = ("condition", "arguments", "personas")


def _quoted(text: str) -> str:
    return text.replace("'", "''")
