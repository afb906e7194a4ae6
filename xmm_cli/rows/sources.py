"""Where lines come from: globs, and files that are plain, gzip, zstd or Parquet.

What a file is, its first bytes say, never its name.
"""

import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from glob import escape, glob, has_magic
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from msgspec.structs import fields

from xmm_cli.errors import BadData, InputNotFound, Unavailable, XmmError
from xmm_cli.rows.database import connected
from xmm_cli.rows.paths import from_here
from xmm_cli.rows.types import ROW_TYPES

STDIN = "-"
GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
ROWS_AT_ONCE = 2048
NEVER_NULL = ("condition", "attributes", "facts")
"""Fields whose values by name are never null in a row: DuckDB gives each row the names of all."""
_BLOCK_BYTES = 65536


def expand(names: Sequence[str]) -> list[str]:
    """The names, with the files that match in place of each quoted glob (`**` too), sorted.

    Raises:
        InputNotFound: no file matches.
    """
    files: list[str] = []
    for name in names:
        if not has_magic(name) or Path(name).exists():
            files.append(name)
            continue
        # Path.glob takes no absolute pattern
        every = glob(name, recursive=True)  # noqa: PTH207
        matching = sorted(path for path in every if not Path(path).is_dir())
        if not matching:
            raise InputNotFound(f"{name}: no file matches")
        files += matching
    return files


def expanded(names: Sequence[str]) -> list[str]:
    """The same, and no file twice, however it is spelled. What is `-` stays as often as it is."""
    files = expand(names)
    if files.count(STDIN) > 1:
        return files  # for the reader to refuse
    first = {from_here(Path(), name): name for name in reversed(files)}
    return [name for name in dict.fromkeys(files) if first[from_here(Path(), name)] == name]


def end_of_lines(descriptor: int) -> int:
    """Where the last newline of an open file ends, in bytes; 0 where there is none."""
    end = os.lseek(descriptor, 0, os.SEEK_END)
    while end > 0:
        start = max(end - _BLOCK_BYTES, 0)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    """The stream of lines in a stream that may be compressed, or Parquet.

    Raises:
        BadData: Parquet that comes through a pipe, or is damaged.
        InputNotFound: the system cannot read it.
        Unavailable: the package that reads it is not there.
    """
    try:
        start = stream.peek(4)[:4] if isinstance(stream, io.BufferedReader) else b""
    except OSError as error:
        raise InputNotFound(f"{name}: {error.strerror}") from error
    if start.startswith(GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if start == ZSTD:
        return cast(BinaryIO, io.BufferedReader(_zstd(stream, name)))
    if start == PARQUET:
        return cast(BinaryIO, _Parquet(name))
    return stream


def unreadable(error: Exception, name: str) -> XmmError | None:
    """The failure that an error while reading an input stands for; None for a defect."""
    damage = (EOFError, gzip.BadGzipFile, zlib.error)
    if isinstance(error, damage) or type(error).__name__ == "ZstdError":
        hint = "was it copied whole? was its writer interrupted?"
        return BadData(f"{name}: a compressed file, cut or damaged", hint)
    return InputNotFound(f"{name}: {error.strerror}") if isinstance(error, OSError) else None


def _zstd(stream: BinaryIO, name: str) -> Any:
    try:
        try:
            from compression.zstd import ZstdFile  # of Python 3.14 and newer
        except ImportError:
            from backports.zstd import ZstdFile
    except ImportError as error:
        hint = "pip install backports.zstd, or unpack it: zstd -dc FILE | xmm score"
        raise Unavailable(f"{name}: zstd needs the package backports.zstd", hint) from error
    return ZstdFile(stream)


class _Parquet:
    """A Parquet file as lines of JSON, some thousand rows at a time; columns of NULL are absent."""

    def __init__(self, name: str) -> None:
        if not Path(name).is_file():
            raise BadData(f"{name}: Parquet through a pipe", "name the file instead")
        self._lines = self._read(name)

    def readline(self, _: int = -1) -> bytes:
        """The next row with a newline, or nothing at the end."""
        return next(self._lines, b"")

    def _read(self, name: str) -> Iterator[bytes]:
        try:
            import duckdb
        except ImportError as error:
            raise Unavailable(
                f"{name}: Parquet needs the package duckdb", "pip install duckdb"
            ) from error
        try:
            with connected(threads="1") as connection:
                selected = connection.execute(
                    "select to_json(rows)::varchar "
                    "from read_parquet(?, hive_partitioning = false) rows",
                    [escape(name)],
                )
                while batch := selected.fetchmany(ROWS_AT_ONCE):
                    for (line,) in batch:
                        yield without_nulls(line) + b"\n"
        except duckdb.Error as error:
            raise BadData(f"{name}: not a sound Parquet file: {str(error).splitlines()[0]}") from (
                error
            )


def without_nulls(line: str | bytes) -> bytes:
    """A line of DuckDB's without what is null because it is absent; labels may have come as text.

    Raises `msgspec.MsgspecError` where it is no JSON.
    """
    row = msgspec.json.decode(line)
    if not isinstance(row, dict):
        return msgspec.json.encode(row)
    for key in ("condition", "arguments"):
        if isinstance(row.get(key), str):
            row[key] = msgspec.json.decode(row[key])
    for key in NEVER_NULL:
        if isinstance(row.get(key), dict):
            row[key] = {name: value for name, value in row[key].items() if value is not None}
    required = _required(str(row.get("kind")))
    kept = {name: value for name, value in row.items() if value is not None or name in required}
    return msgspec.json.encode(kept)


@cache
def _required(kind: str) -> frozenset[str]:
    """The fields that a row of a kind must name even where they are null."""
    types = [row for row in ROW_TYPES if row.__struct_config__.tag == kind]
    return frozenset(field.name for row in types for field in fields(row) if field.required)
