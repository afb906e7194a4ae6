"""JSON lines: `{"name": …, "picture": …, "description": …}`, several lines a person or one.

Pictures count from the folder of the file. A field may be missing on a line.
"""

from collections.abc import Iterator
from pathlib import Path

from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.fields import records
from xmm_cli.personas.importing.source_files import json_lines


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each line."""
    return records(json_lines(path, dropped), path, dropped)
