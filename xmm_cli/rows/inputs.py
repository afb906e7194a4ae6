"""The inputs of a query as files of JSON lines that DuckDB can read."""

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from glob import escape as glob_escape
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from xmm_cli.errors import BadData
from xmm_cli.rows.failures import of_the_machine
from xmm_cli.rows.reader import MAX_LINE_BYTES, read_rows
from xmm_cli.rows.sources import GZIP, PARQUET, STDIN, ZSTD, expanded, unpacked, unreadable
from xmm_cli.rows.types import ROW_TYPES

AT_ONCE = 1 << 20
"""Bytes copied at once."""
FREE_FORM = ("condition", "arguments", "personas")
"""Fields that are JSON, and may have come as text."""
READ_PARQUET = "read_parquet(?, hive_partitioning = false)"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of JSON lines, and what a user calls it."""

    path: Path
    name: str
    folder: Path
    """What relative paths in its rows count from."""
    torn: bool = False
    """Whether a last line that is not whole was left out."""


def sources(connection: Any, inputs: Sequence[str], folder: Path) -> list[Source]:
    """The inputs as files of lines; stdin and what is packed are copied into `folder` first.

    Raises:
        WrongUsage: no input, and stdin is a terminal.
        InputNotFound: one is missing, or no file matches a pattern.
        BadData: a packed file that is damaged.
    """
    names = expanded(inputs)
    read_rows(names, want=ROW_TYPES)  # says what is missing before anything is read
    found = []
    for place, name in enumerate(names or [STDIN]):
        source = _lines(connection, name, folder / f"{place}.jsonl")
        found.append(_whole_lines(source, folder / f"{place}.whole.jsonl"))
    return found


def _lines(connection: Any, name: str, copy: Path) -> Source:
    """An input as a file of lines: itself, or a copy."""
    if name == STDIN or not stat.S_ISREG(Path(name).stat().st_mode):
        source = Source(copy, "stdin" if name == STDIN else name, Path.cwd())
        raw = copy.with_suffix(".raw")
        with nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb") as pipe:
            _copied(pipe, raw, source.name)
    else:
        raw = Path(name)
        source = Source(copy, name, raw.parent)
    start = _start(raw)
    if start == PARQUET:
        _lines_of_parquet(connection, raw, source)
    elif start == ZSTD or start.startswith(GZIP):
        with raw.open("rb") as packed:
            _copied(unpacked(packed, source.name), copy, source.name)
    else:
        return replace(source, path=raw)
    return source


def _copied(stream: BinaryIO, copy: Path, name: str) -> None:
    """Copy a stream. Raises `BadData` or `InputNotFound` where it cannot be read to its end."""
    with copy.open("wb") as file:
        while True:
            try:
                some = stream.read(AT_ONCE)
            except Exception as error:
                found = unreadable(error, name)
                if found is None:
                    raise
                raise found from error
            if not some:
                return
            file.write(some)


def _whole_lines(source: Source, copy: Path) -> Source:
    """The same, or a copy without its last line, if that has no newline and is no JSON.

    Such a line is still being written, or its writer was interrupted.
    """
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


def _start(path: Path) -> bytes:
    """The first bytes of a file: they say what it is, not its name."""
    with path.open("rb") as file:
        return file.read(4)


def _lines_of_parquet(connection: Any, raw: Path, source: Source) -> None:
    """Write a Parquet file of rows as JSON lines; labels that came as text are JSON again."""
    import duckdb

    name = glob_escape(str(raw))
    try:
        columns = connection.execute(f"DESCRIBE SELECT * FROM {READ_PARQUET}", [name]).fetchall()
        texts = [
            f'"{column}"::JSON AS "{column}"'
            for column, kind, *_ in columns
            if column in FREE_FORM and kind == "VARCHAR"
        ]
        replaced = f" REPLACE ({', '.join(texts)})" if texts else ""
        relation = f"SELECT *{replaced} FROM {READ_PARQUET.replace('?', quoted(name))}"
        connection.execute(f"COPY ({relation}) TO {quoted(str(source.path))} (FORMAT json)")
    except duckdb.Error as error:
        if failure := of_the_machine(error):
            raise failure from error
        reason = str(error).splitlines()[0]
        raise BadData(f"{source.name}: not a Parquet file of rows: {reason}") from error


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'"
