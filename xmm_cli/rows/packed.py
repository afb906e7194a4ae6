"""Parquet and DuckDB files of rows, written as JSON lines."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape as glob_escape
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.rows.failures import of_the_machine
from xmm_cli.rows.types import ROW_TYPES

FREE_FORM = ("condition", "arguments", "personas")
"""Fields that are JSON, and may have come as text."""
MAGIC, MAGIC_AT = b"DUCK", 8
"""What a DuckDB file has where it begins."""
TABLES = frozenset(f"{row.__struct_config__.tag}s" for row in ROW_TYPES)
"""The tables of rows in it."""
READ_PARQUET = "read_parquet(?, hive_partitioning = false)"


def start_of(path: Path) -> bytes:
    """The first bytes of a file: they say what it is, not its name."""
    with path.open("rb") as file:
        return file.read(MAGIC_AT + len(MAGIC))


def lines_of_parquet(connection: Any, packed: Path, lines: Path, name: str) -> None:
    """Write a Parquet file of rows as JSON lines; labels that came as text are JSON again.

    `name` is what a user calls the file. Raises `BadData` where it is damaged.
    """
    file = glob_escape(str(packed))
    with _said(f"{name}: not a Parquet file of rows"):
        columns = connection.execute(f"DESCRIBE SELECT * FROM {READ_PARQUET}", [file]).fetchall()
        texts = [
            f'"{column}"::JSON AS "{column}"'
            for column, kind, *_ in columns
            if column in FREE_FORM and kind == "VARCHAR"
        ]
        replaced = f" REPLACE ({', '.join(texts)})" if texts else ""
        relation = f"SELECT *{replaced} FROM {READ_PARQUET.replace('?', quoted(file))}"
        connection.execute(f"COPY ({relation}) TO {quoted(str(lines))} (FORMAT json)")


def lines_of_database(connection: Any, packed: Path, lines: Path, name: str) -> None:
    """Write the tables of a DuckDB file that `xmm report --to` made as JSON lines.

    `name` is what a user calls the file. Raises `BadData` where it is damaged.
    """
    with _said(f"{name}: not a database of rows"):
        connection.execute(f"ATTACH {quoted(str(packed))} AS given (READ_ONLY)")
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'given' ORDER BY 1"
        ).fetchall()
        with lines.open("wb") as whole:
            for table in (table for (table,) in tables if table in TABLES):
                part = lines.with_suffix(f".{table}")
                connection.execute(f"COPY given.{table} TO {quoted(str(part))} (FORMAT json)")
                with part.open("rb") as file:
                    shutil.copyfileobj(file, whole)
                part.unlink()
        connection.execute("DETACH given")


@contextmanager
def _said(problem: str) -> Iterator[None]:
    """Say of an error of DuckDB's what it means. Raises `BadData`, or what is the machine's."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if failure := of_the_machine(error):
            raise failure from error
        raise BadData(f"{problem}: {str(error).splitlines()[0]}") from error


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return f"'{text.replace(chr(39), chr(39) * 2)}'"
