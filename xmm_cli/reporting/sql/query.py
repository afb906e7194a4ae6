"""One SELECT over rows, in a database that knows nothing else.

The rows are loaded first; then the database is shut off: no files, no network, no extensions, no
Python objects, no settings, no folder to spill into, and bounded memory and time.
"""

import os
import re
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xmm_cli.errors import WorkFailed, WrongUsage
from xmm_cli.reporting.sql.columns import VIEWS
from xmm_cli.reporting.sql.gaps import GAPS
from xmm_cli.reporting.sql.inputs import sources
from xmm_cli.reporting.sql.load import load
from xmm_cli.rows.database import limits

LARGE_BYTES = 300_000_000
"""Rows of larger inputs lie in a temporary file instead of in memory."""
SETTINGS = {
    "allow_persistent_secrets": "false",
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
SHUT = (
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
"""In this order: without a folder to spill into, COPY cannot write there either."""
LABELS = "MAP(VARCHAR, VARCHAR)"
VIEW_NAMES = (*VIEWS, "gaps")


@dataclass(slots=True)
class Answer:
    """Columns and rows, and what a user should be told."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    notes: list[str] = field(default_factory=list)


def ask(query: str, inputs: Sequence[str], *, timeout_s: float | None = None) -> Answer:
    """The answer to one SELECT over the rows of these inputs; only the kinds it names are loaded.

    Raises:
        WrongUsage: no single SELECT (or DESCRIBE, EXPLAIN …), one that DuckDB does not
            understand, or one that tries to reach anything but the rows.
        WorkFailed: out of time or memory.
        BadData, InputNotFound: as `read_rows`.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="xmm-sql-")))
        connection = stack.enter_context(_connect(inputs, folder))
        wanted = _wanted(query)
        found = sources(connection, inputs, folder)
        notes = load(connection, found, wanted, labels=LABELS)
        connection.execute(GAPS)
        for setting in SHUT:
            connection.execute(setting)
        columns, rows = _run(connection, query, timeout_s)
    return Answer(columns, rows, notes)


def _connect(inputs: Sequence[str], folder: Path) -> Any:
    import duckdb

    sizes = [os.stat(one).st_size for one in inputs if os.path.isfile(one)]  # noqa: PTH113, PTH116
    unknown = not inputs or len(sizes) < len(inputs)  # a pipe
    large = unknown or sum(sizes) > LARGE_BYTES
    config: dict[str, Any] = SETTINGS | limits(folder)
    return duckdb.connect(str(folder / "rows.duckdb") if large else ":memory:", config=config)


def _wanted(query: str) -> list[str]:
    """The tables that the query needs. Raises `WrongUsage` if it is not one that only reads."""
    import duckdb

    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise _misunderstood(error) from error
    allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(statements) != 1 or statements[0].type not in allowed:
        raise WrongUsage("--sql takes one SELECT", "a query reads rows and changes nothing")
    words = {word.casefold() for word in re.findall(r"\w+", query)}
    named = [name for name in VIEWS if name in words or (name == "probes" and "gaps" in words)]
    return named or list(VIEWS)


def _run(
    connection: Any, query: str, timeout_s: float | None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of the answer."""
    import duckdb

    late = threading.Event()

    def stop() -> None:
        late.set()
        connection.interrupt()

    timer = None if timeout_s is None else threading.Timer(timeout_s, stop)
    if timer is not None:
        timer.start()
    try:
        connection.execute(query)
        rows = connection.fetchall()
        return [one[0] for one in connection.description or []], rows
    except duckdb.InterruptException as error:
        if late.is_set():
            raise WorkFailed(f"--sql: no answer within {timeout_s:g} s", "see --timeout") from error
        raise KeyboardInterrupt from error
    except duckdb.OutOfMemoryException as error:
        raise WorkFailed("--sql: the query needs more memory than it may use") from error
    except duckdb.PermissionException as error:
        raise WrongUsage("--sql: a query sees the given rows and nothing else") from error
    except duckdb.Error as error:
        raise _misunderstood(error) from error
    finally:
        if timer is not None:
            timer.cancel()


def _misunderstood(error: Exception) -> WrongUsage:
    """What DuckDB says of a query, on one line."""
    said = str(error).split("\n\nLINE ")[0].split("\n")
    message = " ".join(part.strip() for part in said if part.strip())
    return WrongUsage(f"--sql: {message}", f"views: {', '.join(VIEW_NAMES)}")
