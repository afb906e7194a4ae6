"""Tables: how wide their columns are, and lists for places too narrow for a table."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

_CELL = re.compile(r"(?<!\\)\|")
_MARKS = re.compile(r"`|\*\*")
_FENCE = "```"
_GAP = 3
"""Columns that each column of a table needs beside its text."""


def cells(line: str) -> list[str]:
    r"""The cells of a line of a Markdown table; `\|` is a character, and ends no cell."""
    return [cell.strip() for cell in _CELL.split(line.strip())[1:-1]]


def widths(rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The width of each column of a table in `width` columns, or None if it does not fit.

    A column is at least as wide as its longest word. What is left is shared; a column that needs
    less than its share leaves the rest to the others.
    """
    columns = list(zip(*rows, strict=True))
    least = [
        max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns
    ]
    most = [max(len(cell) for cell in column) for column in columns]
    left = width - sum(least) - _GAP * len(columns)
    if left < 0:
        return None
    given = list(least)
    by_need = sorted(range(len(columns)), key=lambda column: most[column] - least[column])
    for place, column in enumerate(by_need):
        share = min(most[column] - least[column], left // (len(columns) - place))
        given[column] += share
        left -= share
    return given


def tables_to_lists(text: str, width: int = 0) -> str:
    """The same Markdown with a list in the place of each table that does not fit into `width`.

    Its mark is `*`, so that it is not one with a list of the page (`-`) that follows.

    An item of the list is a line of the table: the first cell in bold, the second, and each further
    one after the heading of its column.
    """
    made: list[str] = []
    for is_table, lines in groupby(_marked(text), key=lambda pair: pair[0]):
        block = [line for _, line in lines]
        made += _block(block, width) if is_table else block
    return "\n".join(made) + "\n"


def _marked(text: str) -> Iterator[tuple[bool, str]]:
    """Each line, and whether it belongs to a table."""
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith(_FENCE)
        yield not fenced and line.startswith("|"), line


def _block(block: list[str], width: int) -> list[str]:
    """A table as it is, or its lines as items."""
    headings, *rows = [cells(line) for line in block if not set(line) <= set("|-: ")]
    plain = [
        [_MARKS.sub("", cell).replace(r"\|", "|") for cell in row] for row in (headings, *rows)
    ]
    if widths(plain, width) is not None:
        return block
    return [_item(headings, [cell.replace(r"\|", "|") for cell in row]) for row in rows]


def _item(headings: list[str], row: list[str]) -> str:
    first, *rest = row
    further = zip(headings[2:], rest[1:], strict=True)
    parts = [rest[0], *(f"{name}: {cell}" for name, cell in further if cell)]
    told = " · ".join(part for part in parts if part)
    colon = "" if first.endswith("?") else ":"
    return f"* **{first}**{colon} {told}" if told else f"* **{first}**"
