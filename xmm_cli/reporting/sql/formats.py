"""The answer to a query as a table, or for another program."""

import csv
import html
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import Any

import orjson

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.formats.latex import escape as latex
from xmm_cli.reporting.formats.markdown import escape as markdown
from xmm_cli.reporting.words import ABSENT, clean

MOST_ON_A_TERMINAL = 500
READABLE = 14
"""A column of long text may be folded down to this."""
NUMBERS = (int, float)

Rows = Sequence[tuple[Any, ...]]


def render_answer(
    columns: Sequence[str], rows: Rows, format: str, *, width: int, colour: bool
) -> str:
    """The answer in one of `SQL_FORMATS`, ending in a newline. Raises `WrongUsage`."""
    if format not in SQL_FORMATS:
        raise WrongUsage(f"unknown format {format!r}", f"known: {', '.join(SQL_FORMATS)}")
    if format == "table":
        return _table(columns, rows, width, colour)
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


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


def _records(columns: Sequence[str], rows: Rows) -> list[dict[str, Any]]:
    names = _distinct(columns)
    return [dict(zip(names, row, strict=True)) for row in rows]


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
        said += f", the first {MOST_ON_A_TERMINAL} shown; --format csv gives all"
    shown = rows[:MOST_ON_A_TERMINAL]
    if _too_wide(columns, shown, width):
        return printed([*_stacked(columns, shown), Text(said, "dim")], width=width, colour=colour)
    table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 1), pad_edge=False)
    for place, name in enumerate(columns):
        number = all(_is_number(row[place]) for row in rows)
        table.add_column(Text(clean(name)), justify="right" if number else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(_words(value)) for value in row))
    return printed([table, Text(said, "dim")], width=width, colour=colour)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, NUMBERS) and not isinstance(value, bool))


def _csv(columns: Sequence[str], rows: Rows) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([clean(name) for name in columns])
    for row in rows:
        writer.writerow(["" if value is None else clean(_plain(value)) for value in row])
    return file.getvalue()


def _json(columns: Sequence[str], rows: Rows) -> str:
    option = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(_records(columns, rows), default=str, option=option).decode()


def _jsonl(columns: Sequence[str], rows: Rows) -> str:
    return "".join(f"{_dumps(record).decode()}\n" for record in _records(columns, rows))


def _markdown(columns: Sequence[str], rows: Rows) -> str:
    lines = [[markdown(clean(name)) for name in columns], ["---"] * len(columns)]
    lines += [[markdown(_words(value)) for value in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _latex(columns: Sequence[str], rows: Rows) -> str:
    kinds = [
        "r" if all(_is_number(row[place]) for row in rows) else "l" for place in range(len(columns))
    ]
    lines = [" & ".join(latex(_words(value)) for value in row) + r" \\" for row in rows]
    head = " & ".join(latex(clean(name)) for name in columns) + r" \\"
    begin = f"\\begin{{tabular}}{{{''.join(kinds)}}}"
    return "\n".join([begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule",
                      r"\end{tabular}"]) + "\n"  # fmt: skip


def _html(columns: Sequence[str], rows: Rows) -> str:
    head = "".join(f'<th scope="col">{html.escape(clean(name))}</th>' for name in columns)
    body = "\n".join(
        f"<tr>{''.join(f'<td>{html.escape(_words(value))}</td>' for value in row)}</tr>"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"


SQL_FORMATS: dict[str, Callable[[Sequence[str], Rows], str]] = {
    "table": lambda columns, rows: _table(columns, rows, 80, False),
    "markdown": _markdown,
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "latex": _latex,
    "html": _html,
}
