"""The answer to a query in SQL, in one of the formats of a report."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.sql.query import CAST
from xmm_cli.reporting.words import ABSENT, clean

NUMBERS = (int, float)

ResultRows = Iterable[tuple[Any, ...]]


def render_answer(
    columns: Sequence[str], rows: ResultRows, format: str, *, width: int, colour: bool
) -> Iterator[str]:
    """The answer in one of the `FORMATS`, piece by piece, each ending in a newline.

    Rows are taken as they are needed: no more than are shown, of a table; in `csv` and `jsonl`,
    markdown and HTML one after the other.

    Raises:
        WrongUsage: an unknown format, one that has no answers, or a value that the format has not.
    """
    way: Format = FORMATS.load(format)
    if way.answer is None:
        raise WrongUsage(f"--format {format} with --sql", "this format shows scores, no answers")
    return way.answer(columns, rows, width=width, colour=colour)


def words_of(value: Any) -> str:
    """A value as a reader sees it."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return clean(plain_of(value))


def plain_of(value: Any) -> str:
    """A value for another program; what is nested becomes JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return to_json(value).decode()
    return str(value)


def to_json(value: Any, option: int = 0) -> bytes:
    """A value as JSON. Raises `WrongUsage` where JSON has no such value."""
    try:
        return orjson.dumps(value, default=str, option=option | orjson.OPT_NON_STR_KEYS)
    except (TypeError, UnicodeError) as error:  # a whole number of 128 bits, a time with a zone
        raise WrongUsage(f"--sql: a value that JSON has not: {error}", CAST) from error


def records(columns: Sequence[str], rows: ResultRows) -> Iterator[dict[str, Any]]:
    """Each row by the names of its columns."""
    names = _distinct(columns)
    return (dict(zip(names, row, strict=True)) for row in rows)


def _distinct(columns: Sequence[str]) -> list[str]:
    """The names, so that two columns of one name stay two."""
    found: list[str] = []
    for name in columns:
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found


def is_number(value: Any) -> bool:
    """Whether a column of it stands to the right; what is absent does not matter."""
    return value is None or (isinstance(value, NUMBERS) and not isinstance(value, bool))
