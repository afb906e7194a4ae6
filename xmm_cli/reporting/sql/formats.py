"""The answer to a query as a table, or for another program."""

import csv
import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from typing import Any

import orjson

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.formats.latex import escape as latex
from xmm_cli.reporting.formats.markdown import escape as markdown
from xmm_cli.reporting.sql.query import CAST
from xmm_cli.reporting.words import ABSENT, clean

MOST_ON_A_TERMINAL = 500
READABLE = 14
"""A column of long text may be folded down to this."""
NUMBERS = (int, float)

Rows = Sequence[tuple[Any, ...]]
Stream = Iterable[tuple[Any, ...]]


def render_answer(
    columns: Sequence[str], rows: Stream, format: str, *, width: int, colour: bool
) -> Iterator[str]:
    """The answer in one of `SQL_FORMATS`, piece by piece, each ending in a newline.

    Rows are taken as they are needed: no more than are shown, of a table; in `csv` and `jsonl`,
    markdown and HTML one after the other.

    Raises:
        WrongUsage: an unknown format, or a value that the format has not.
    """
    if format not in SQL_FORMATS:
        raise WrongUsage(f"unknown format {format!r}", f"known: {', '.join(SQL_FORMATS)}")
    if format == "table":
        return iter([_table(columns, list(islice(rows, MOST_ON_A_TERMINAL + 1)), width, colour)])
    return SQL_FORMATS[format](columns, rows)


def _words(value: Any) -> str:
    """A value as a reader sees it."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return clean(_plain(value))


def _plain(value: Any) -> str:
    """A value for another program; what is nested becomes JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list | tuple):
        return _dumps(value).decode()
    return str(value)


def _dumps(value: Any, option: int = 0) -> bytes:
    try:
        return orjson.dumps(value, default=str, option=option | orjson.OPT_NON_STR_KEYS)
    except (TypeError, UnicodeError) as error:  # a whole number of 128 bits, a time with a zone
        raise WrongUsage(f"--sql: a value that JSON has not: {error}", CAST) from error


def _records(columns: Sequence[str], rows: Stream) -> Iterator[dict[str, Any]]:
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


def _too_wide(columns: Sequence[str], rows: Rows, width: int) -> bool:
    """Whether columns would be so narrow that their words fall apart."""
    longest = [
        max([len(name), *(min(len(_words(row[place])), READABLE) for row in rows)])
        for place, name in enumerate(columns)
    ]
    return sum(longest) + 2 * len(columns) > width


def _stacked(columns: Sequence[str], rows: Rows) -> Iterator[Any]:
    """A line for each field of each row."""
    from rich.table import Table
    from rich.text import Text

    for row in rows:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
        for name, value in zip(columns, row, strict=True):
            table.add_row(Text(clean(name), "bold"), Text(_words(value)))
        yield table
        yield Text("")


def _table(columns: Sequence[str], rows: Rows, width: int, colour: bool) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from xmm_cli.reporting.terminal import printed

    said = f"{len(rows):,} rows" if len(rows) != 1 else "1 row"
    if len(rows) > MOST_ON_A_TERMINAL:
        said = f"the first {MOST_ON_A_TERMINAL} rows; --format csv gives all"
    shown = rows[:MOST_ON_A_TERMINAL]
    if _too_wide(columns, shown, width):
        return printed([*_stacked(columns, shown), Text(said, "dim")], width=width, colour=colour)
    table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 1), pad_edge=False)
    for place, name in enumerate(columns):
        number = all(_is_number(row[place]) for row in shown)
        table.add_column(Text(clean(name)), justify="right" if number else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(_words(value)) for value in row))
    return printed([table, Text(said, "dim")], width=width, colour=colour)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, NUMBERS) and not isinstance(value, bool))


def _csv(columns: Sequence[str], rows: Stream) -> Iterator[str]:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in chain([columns], rows):
        writer.writerow(["" if value is None else clean(_plain(value)) for value in row])
        yield file.getvalue()
        file.seek(0)
        file.truncate()


def _json(columns: Sequence[str], rows: Stream) -> Iterator[str]:
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    yield _dumps(list(_records(columns, rows)), option).decode()


def _jsonl(columns: Sequence[str], rows: Stream) -> Iterator[str]:
    return (f"{_dumps(record).decode()}\n" for record in _records(columns, rows))


def _markdown(columns: Sequence[str], rows: Stream) -> Iterator[str]:
    head = [[markdown(clean(name)) for name in columns], ["---"] * len(columns)]
    lines = ([markdown(_words(value)) for value in row] for row in rows)
    return (f"| {' | '.join(line)} |\n" for line in chain(head, lines))


def _latex(columns: Sequence[str], rows: Stream) -> Iterator[str]:
    shown = list(rows)
    kinds = [
        "r" if all(_is_number(row[place]) for row in shown) else "l"
        for place in range(len(columns))
    ]
    lines = [" & ".join(latex(_words(value)) for value in row) + r" \\" for row in shown]
    head = " & ".join(latex(clean(name)) for name in columns) + r" \\"
    begin = f"\\begin{{tabular}}{{{''.join(kinds)}}}"
    yield "\n".join([begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule",
                     r"\end{tabular}"]) + "\n"  # fmt: skip


def _html(columns: Sequence[str], rows: Stream) -> Iterator[str]:
    head = "".join(f'<th scope="col">{html.escape(clean(name))}</th>' for name in columns)
    yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{html.escape(_words(value))}</td>' for value in row)}</tr>\n"
    yield "</tbody>\n</table>\n"


SQL_FORMATS: dict[str, Callable[[Sequence[str], Stream], Iterator[str]]] = {
    "table": lambda columns, rows: render_answer(columns, rows, "table", width=80, colour=False),
    "markdown": _markdown,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "latex": _latex,
    "html": _html,
}
