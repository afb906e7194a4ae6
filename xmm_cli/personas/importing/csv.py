"""A table with the columns `name`, `picture` and `description`, below a header.

CSV (RFC 4180), or with semicolons, tabs or bars between the columns, as spreadsheets save it: the
delimiter is the one that parts the header into the most columns that mean something here. Pictures
count from the folder of the file. Facts have a column each: `fact.city`.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.fields import known_columns, plain, records
from xmm_cli.personas.importing.source_files import Fields
from xmm_cli.personas.importing.texts import read_text

_DELIMITERS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
_SEP = "sep="
"""Excel's own first line: `sep=;`."""


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each line below the header."""
    return records(rows(path, dropped), path, dropped)


def rows(path: Path, dropped: Dropped) -> Iterator[tuple[str, Fields]]:
    """Each line that is not blank, by column.

    Raises `InputNotFound`; `BadData` where a line has too many fields or a quote has no end, where
    two columns have one name or none is `name`.
    """
    lines = _lines(path, dropped)
    place_of_header, header = next(lines, (f"{path}:1", []))
    _check_header(header, place_of_header)
    for where, cells in lines:
        if any(cell.strip() for cell in cells[len(header) :]):
            raise BadData(
                f"{where}: more fields than columns",
                "put quotes round a field that holds the delimiter",
            )
        for place, cell in enumerate(cells[: len(header)], 1):
            if cell.strip() and not header[place - 1].strip():
                dropped.add(f"column {place}, which has no name", where, lost=False)
        named = zip(header, cells, strict=False)
        yield where, {title: cell for title, cell in named if title.strip()}


def _check_header(header: list[str], where: str) -> None:
    titles = [title for title in header if title.strip()]
    if "name" not in map(plain, titles):
        raise BadData(
            f"{where}: no column is called name; the columns are {', '.join(titles) or 'none'}",
            "a table that works has the header 'name,picture,description' and below it lines such "
            "as 'Ann Lee,1.jpg,In blue'",
        )
    twice = next((title for title in titles if titles.count(title) > 1), None)
    if twice is not None:
        raise BadData(f"{where}: two columns are called {twice!r}", "rename or remove the second")


def _lines(path: Path, dropped: Dropped) -> Iterator[tuple[str, list[str]]]:
    """Where each line starts that is not blank, and its cells; the first is the header."""
    text = read_text(path, dropped)
    first, _, rest = text.partition("\n")
    skipped = 0
    if first.casefold().startswith(_SEP):
        text, skipped = rest, 1
    delimiter = first.strip(" \r")[len(_SEP) :] if skipped else _delimiter(text)
    if delimiter not in _DELIMITERS:
        raise BadData(f"{path}:1: {first.strip()!r} is no delimiter that xmm knows")
    if delimiter != ",":
        dropped.read(path, f"delimiter {_DELIMITERS[delimiter]}")
    reader = _reader(text, delimiter)
    while True:
        where = f"{path}:{skipped + reader.line_num + 1}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadData(f"{where}: {error}", "is a quote open or misplaced?") from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield where, cells


def _reader(text: str, delimiter: str) -> Any:
    file = io.StringIO(text, newline="")
    return csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)


def _delimiter(text: str) -> str:
    """What parts the first line that is not blank into the most known columns, then the most."""

    def told(delimiter: str) -> tuple[int, int]:
        try:
            cells: list[str] = next(
                (one for one in _reader(text, delimiter) if any(map(str.strip, one))), []
            )
        except csv.Error:
            return 0, 0
        return known_columns(cells), len(cells)

    return max(_DELIMITERS, key=told)
