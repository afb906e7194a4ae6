"""A table with the columns `name`, `picture` and `description`, in CSV (RFC 4180) with a header.

Pictures count from the folder of the file. Facts have a column each: `fact.city`.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.fields import records
from xmm_cli.personas.importing.sources import Fields, read_text


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each line below the header."""
    return records(rows(path), path.parent, dropped)


def rows(path: Path) -> Iterator[tuple[str, Fields]]:
    """Each line by column. Raises `InputNotFound`, `BadData` where a line has too many fields."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        for row in reader:
            if None in row:
                raise BadData(
                    f"{path}:{reader.line_num}: more fields than columns",
                    "put quotes round a field that holds a comma",
                )
            yield f"{path}:{reader.line_num}", dict(row)
    except csv.Error as error:
        raise BadData(f"{path}:{reader.line_num + 1}: {error}") from error
