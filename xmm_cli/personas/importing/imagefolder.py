"""Hugging Face's imagefolder: pictures beside `metadata.jsonl`, `metadata.csv` or `.parquet`.

Each row names a picture in `file_name`, relative to the folder of the metadata, which may lie
anywhere in the source. Folders that are called as `datasets` calls splits (`train`, `val`, `test`
and so on) tell the split, where the row does not; validation and test are held out. A data set of
xmm is one. https://huggingface.co/docs/datasets/image_dataset
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xmm_cli.errors import InputNotFound
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing import csv as table
from xmm_cli.personas.importing.fields import records
from xmm_cli.personas.importing.sources import Fields, json_lines, parquet_rows
from xmm_cli.rows.types import Split

_FOLDERS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "dev", "val"), "heldout"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "heldout"),
}
_NAMES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """The records of every metadata file in the folder and below."""
    for file in _tables(path):
        for record in records(_rows(file), file.parent, dropped):
            yield record if record.split else replace(record, split=_split(record, file, path))


def _tables(path: Path) -> list[Path]:
    """One metadata file for each folder that has some, those to train on first."""
    if not path.is_dir():
        why = "Not a directory" if path.exists() else "No such file or directory"
        raise InputNotFound(f"{path}: {why}")
    found: dict[Path, Path] = {}
    for name in _NAMES:
        for file in path.rglob(name):
            if not any(part.startswith(".") for part in file.relative_to(path).parts):
                found.setdefault(file.parent, file)
    if not found:
        raise InputNotFound(f"{path}: has no {' or '.join(_NAMES)}", "is this an imagefolder?")
    return sorted(
        found.values(), key=lambda file: (_told(file.relative_to(path)) == "heldout", file)
    )


def _rows(file: Path) -> Iterator[tuple[str, Fields]]:
    if file.suffix == ".parquet":
        return parquet_rows([file])
    return json_lines(file) if file.suffix == ".jsonl" else table.rows(file)


def _split(record: Record, file: Path, root: Path) -> Split | None:
    """What the folders say in which the picture lies; of a description, the table."""
    if isinstance(record.picture, Path):
        return _told(record.picture.relative_to(root.resolve()))
    return _told(file.relative_to(root))


def _told(place: Path) -> Split | None:
    return next((_FOLDERS[one] for one in place.parts[:-1] if one in _FOLDERS), None)
