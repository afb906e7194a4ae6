"""Rows gathered in one file: `results.parquet`, or `results.duckdb` with a table a kind.

Adding the same rows again changes nothing: a row that is there already, equal in every field, is
not added. Fields that an older file does not have are added to it, empty for its rows. Labels stay
JSON, so that 4 and "4" stay two things. Paths count from the folder of the file, as in every file
of rows. Two processes that add to the same file wait for each other.
"""

import shutil
from collections.abc import Sequence
from glob import escape as glob_escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from xmm_cli.errors import BadData, CannotWrite, WrongUsage
from xmm_cli.reporting.sql.columns import VIEWS, columns_of
from xmm_cli.reporting.sql.gaps import GAPS
from xmm_cli.reporting.sql.load import load
from xmm_cli.rows.database import limits
from xmm_cli.rows.failures import of_the_machine
from xmm_cli.rows.files import atomic_open
from xmm_cli.rows.inputs import sources
from xmm_cli.rows.lock import claimed
from xmm_cli.rows.packed import READ_PARQUET, quoted

SUFFIXES = (".parquet", ".duckdb")


class Stored(NamedTuple):
    """What was done."""

    added: int
    total: int


def check_store(path: Path) -> Path:
    """The path, if it is one that rows can be gathered in. Raises `WrongUsage`."""
    if path.suffix.lower() not in SUFFIXES:
        raise WrongUsage(f"--to {path}", f"a file of rows ends in {' or '.join(SUFFIXES)}")
    return path


def store(path: Path, inputs: Sequence[str]) -> Stored:
    """Add all rows of the inputs to the file, which is made if it is not there.

    Raises:
        BadData: a line that is no row, or a file there that is no such file.
        CannotWrite: the file cannot be written, or another program has it open.
    """
    import duckdb

    check_store(path)
    with TemporaryDirectory(prefix="xmm-sql-") as name:
        folder = Path(name)
        with duckdb.connect(config=dict(limits(folder))) as connection:
            found = sources(connection, inputs, folder)
            load(connection, found, VIEWS, labels="JSON", home=path.resolve().parent)
            add = _add_to_parquet if path.suffix.lower() == ".parquet" else _add_to_database
            with claimed(path, wait=True):
                added, total = add(connection, path, folder)
    return Stored(added, total)


def _add_to_parquet(connection: Any, path: Path, folder: Path) -> tuple[int, int]:
    """One table with the columns of all kinds; the file is replaced as a whole."""
    import duckdb

    before, new = 0, _all_kinds()
    if path.exists():
        try:
            connection.execute(
                f"CREATE TABLE before AS SELECT * FROM {READ_PARQUET}", [glob_escape(str(path))]
            )
        except duckdb.Error as error:
            raise _foreign(path, error) from error
        before = _number(connection, "SELECT count(*) FROM before")
        new = f"SELECT * FROM before UNION ALL BY NAME {new}"
    copy = folder / "merged.parquet"
    try:
        connection.execute(f"CREATE TABLE merged AS SELECT DISTINCT * FROM ({new})")
        connection.execute(
            f"COPY (SELECT * FROM merged ORDER BY ALL) TO {quoted(str(copy))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    except duckdb.Error as error:
        raise _foreign(path, error) from error
    with atomic_open(path) as file, copy.open("rb") as made:
        shutil.copyfileobj(made, file)
    total = _number(connection, "SELECT count(*) FROM merged")
    return total - before, total


def _all_kinds() -> str:
    """Rows of all kinds under each other; a field whose type differs between kinds is JSON."""
    columns = {name: columns_of(row, labels="JSON") for name, row in VIEWS.items()}
    types: dict[str, set[str]] = {}
    for one in columns.values():
        for field, kind in one.items():
            types.setdefault(field, set()).add(kind)
    mixed = {field for field, kinds in types.items() if len(kinds) > 1}
    selects = []
    for name, one in columns.items():
        replaced = ", ".join(f'to_json("{field}") AS "{field}"' for field in one if field in mixed)
        selects.append(f"SELECT *{f' REPLACE ({replaced})' if replaced else ''} FROM {name}")
    return " UNION ALL BY NAME ".join(selects)


def _add_to_database(connection: Any, path: Path, _: Path) -> tuple[int, int]:
    """A table for each kind, and the view `gaps`; all or nothing, in one transaction."""
    import duckdb

    try:
        connection.execute(f"ATTACH {quoted(str(path))} AS kept")
    except duckdb.IOException as error:
        if "not a valid" in str(error) or of_the_machine(error, path):
            raise _foreign(path, error) from error
        reason = str(error).split("\n")[0]
        locked = "another program has it open"
        raise CannotWrite(f"{path}: {locked if 'lock' in reason else reason}") from error
    except duckdb.Error as error:
        raise _foreign(path, error) from error
    added = total = 0
    try:
        connection.execute("BEGIN")
        for name, row in VIEWS.items():
            columns = columns_of(row, labels="JSON")
            typed = ", ".join(f'"{field}" {kind}' for field, kind in columns.items())
            connection.execute(f"CREATE TABLE IF NOT EXISTS kept.{name} ({typed})")
            for field, kind in columns.items():
                connection.execute(
                    f'ALTER TABLE kept.{name} ADD COLUMN IF NOT EXISTS "{field}" {kind}'
                )
            fields = ", ".join(f'"{field}"' for field in columns)
            new = f"SELECT {fields} FROM {name} EXCEPT SELECT {fields} FROM kept.{name}"
            added += _number(connection, f"INSERT INTO kept.{name} BY NAME {new}")
            total += _number(connection, f"SELECT count(*) FROM kept.{name}")
        connection.execute("USE kept")
        connection.execute(GAPS.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))
        connection.execute("COMMIT")
    except duckdb.Error as error:
        raise _foreign(path, error) from error
    connection.execute("USE memory")
    connection.execute("DETACH kept")
    return added, total


def _number(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _foreign(path: Path, error: Exception) -> BaseException:
    """What an error over the file means: it is full, or not ours."""
    if failure := of_the_machine(error, path):
        return failure
    reason = str(error).split("\n")[0]
    return BadData(f"{path}: not a file of rows that xmm made: {reason}", "give another name")
