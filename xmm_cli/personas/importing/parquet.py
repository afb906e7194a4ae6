"""A table in Parquet, or a folder of them as `datasets` saves it, pictures in it or beside it.

The columns are those of CSV; a picture may also be bytes, or `{"bytes": …, "path": …}`, as
`datasets` stores it. Folders and files called as `datasets` calls splits (`test/0000.parquet`,
`train-00000-of-00002.parquet`) tell the split, where the row does not.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xmm_cli.errors import InputNotFound
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.fields import records
from xmm_cli.personas.importing.source_files import parquet_rows
from xmm_cli.personas.importing.splits import split_in


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each row. Raises `InputNotFound`, `BadData`, `Unavailable` without pyarrow."""
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise InputNotFound(f"{path}: {'has no *.parquet' if path.is_dir() else 'No such file'}")
    for file in files:
        place = file.relative_to(path if path.is_dir() else path.parent)
        split = split_in(place, by_name=True)
        for record in records(parquet_rows([file]), file, dropped):
            yield record if record.split else replace(record, split=split)
