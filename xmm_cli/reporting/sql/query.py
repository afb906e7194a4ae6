"""One SELECT over rows, in a database that knows nothing else.

The rows are loaded first; then the database is shut off: no files, no network, no extensions, no
Python objects, no settings, no folder to spill into, and bounded memory and time.
"""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xmm_cli.errors import WorkFailed, WrongUsage
from xmm_cli.reporting.sql.columns import VIEWS
from xmm_cli.reporting.sql.gaps import GAPS
from xmm_cli.reporting.sql.load import load
from xmm_cli.rows.database import limits
from xmm_cli.rows.inputs import sources

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
CAST = "make it text, as in x::varchar"
LABELS = "MAP(VARCHAR, VARCHAR)"
VIEW_NAMES = (*VIEWS, "gaps")


AT_ONCE = 2048
"""Rows of an answer that are Python objects at once."""

ResultRow = tuple[Any, ...]


@dataclass(slots=True)
class QueryResult:
    """Columns and rows."""

    columns: list[str]
    rows: list[ResultRow]


@dataclass(frozen=True, slots=True)
class StreamedResult:
    """An answer whose rows are made while they are taken, once."""

    columns: list[str]
    rows: Iterator[ResultRow]


def ask(query: str, inputs: Sequence[str], *, timeout_s: float | None = None) -> QueryResult:
    """The whole answer at once. Raises as `asked` does."""
    with asked(query, inputs, timeout_s=timeout_s) as answer:
        return QueryResult(answer.columns, list(answer.rows))


@contextmanager
def asked(
    query: str, inputs: Sequence[str], *, timeout_s: float | None = None
) -> Iterator[StreamedResult]:
    """The answer to one SELECT over the rows of these inputs; only the kinds it names are loaded.

    Raises, also while its rows are taken:
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
        load(connection, found, wanted, labels=LABELS)
        connection.execute(GAPS)
        for setting in SHUT:
            connection.execute(setting)
        late = stack.enter_context(_interrupted(connection, timeout_s))
        with _explained(late, timeout_s):
            connection.execute(query)
        columns = [one[0] for one in connection.description or []]
        yield StreamedResult(columns, _rows(connection, late, timeout_s))


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
        query.encode()
        statements = duckdb.extract_statements(query)
    except UnicodeEncodeError as error:
        raise WrongUsage("--sql: the query is not UTF-8") from error
    except duckdb.Error as error:
        raise _misunderstood(error) from error
    allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(statements) != 1 or statements[0].type not in allowed:
        raise WrongUsage("--sql takes one SELECT", "a query reads rows and changes nothing")
    words = {word.casefold() for word in re.findall(r"\w+", query)}
    named = [name for name in VIEWS if name in words or (name == "probes" and "gaps" in words)]
    return named or list(VIEWS)


@contextmanager
def _interrupted(connection: Any, timeout_s: float | None) -> Iterator[threading.Event]:
    """Stop the connection after a time; the event says that this has happened."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        connection.interrupt()

    timer = None if timeout_s is None else threading.Timer(timeout_s, stop)
    if timer is not None:
        timer.start()
    try:
        yield late
    finally:
        if timer is not None:
            timer.cancel()


def _rows(connection: Any, late: threading.Event, timeout_s: float | None) -> Iterator[ResultRow]:
    """The rows of the answer, some at a time."""
    while True:
        with _explained(late, timeout_s):
            some: list[ResultRow] = connection.fetchmany(AT_ONCE)
        if not some:
            return
        yield from some


@contextmanager
def _explained(late: threading.Event, timeout_s: float | None) -> Iterator[None]:
    """What went wrong with a query, as a user should hear it."""
    import duckdb

    try:
        yield
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
    except (OverflowError, ValueError) as error:
        raise WrongUsage(f"--sql: a value too large to show: {error}", CAST) from error


def _misunderstood(error: Exception) -> WrongUsage:
    """What DuckDB says of a query, on one line."""
    said = str(error).split("\n\nLINE ")[0].split("\n")
    message = " ".join(part.strip() for part in said if part.strip())
    return WrongUsage(f"--sql: {message}", f"views: {', '.join(VIEW_NAMES)}")
