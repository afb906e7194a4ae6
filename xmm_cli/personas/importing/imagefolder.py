"""Hugging Face's imagefolder: pictures beside `metadata.jsonl`, `metadata.csv` or `.parquet`.

Each row names a picture in `file_name`, relative to the folder of the metadata, which may lie
anywhere in the source. Folders that are called as `datasets` calls splits (`train`, `val`, `test`
and so on) tell the split, where the row does not; validation and test are held out. Pictures that
no row names are dropped and named. A data set of xmm is one.
https://huggingface.co/docs/datasets/image_dataset
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xmm_cli.errors import InputNotFound
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing import csv as table
from xmm_cli.personas.importing.fields import records, sample
from xmm_cli.personas.importing.folders import PICTURES, files, owner
from xmm_cli.personas.importing.source_files import Fields, json_lines, parquet_rows
from xmm_cli.personas.importing.splits import split_in
from xmm_cli.rows.types import Split

_NAMES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """The records of every metadata file in the folder and below."""
    named: set[Path] = set()
    for file in _tables(path, dropped):
        for record in records(_rows(file, dropped), file, dropped):
            if isinstance(record.picture, Path):
                named.add(record.picture)
            yield record if record.split else replace(record, split=_split(record, file, path))
    for file in files(path, dropped):
        if file.suffix.lower() in PICTURES and file.resolve() not in named:
            dropped.add("a picture that no row names", str(file))


def _tables(path: Path, dropped: Dropped) -> list[Path]:
    """One metadata file for each folder that has some, those to train on first."""
    if not path.is_dir():
        why = "Not a directory" if path.exists() else "No such file or directory"
        raise InputNotFound(f"{path}: {why}")
    found: dict[Path, Path] = {}
    for name in _NAMES:
        for file in sorted(path.rglob(name)):
            if any(part.startswith(".") for part in file.relative_to(path).parts):
                continue
            if found.setdefault(file.parent, file) != file:
                dropped.add(f"{name} beside {found[file.parent].name}", str(file))
    if not found:
        raise InputNotFound(f"{path}: has no {' or '.join(_NAMES)}", _mend(path))
    return sorted(
        found.values(), key=lambda file: (split_in(file.relative_to(path)) == "heldout", file)
    )


def _mend(path: Path) -> str:
    """What would work with the pictures that lie there."""
    pictures = [file for file in files(path, Dropped()) if file.suffix.lower() in PICTURES]
    if not pictures:
        return "is this an imagefolder?"
    owned = next((file for file in pictures if owner(file, path)[0]), None)
    if owned is not None:
        return f"--from folders takes {owned} as a picture of {owner(owned, path)[0]}"
    return f"write {path / _NAMES[0]}, with {sample(pictures[0].name, 'file_name')}"


def _rows(file: Path, dropped: Dropped) -> Iterator[tuple[str, Fields]]:
    if file.suffix == ".parquet":
        return parquet_rows([file])
    return json_lines(file, dropped) if file.suffix == ".jsonl" else table.rows(file, dropped)


def _split(record: Record, file: Path, root: Path) -> Split | None:
    """What the folders say in which the picture lies; of a description, the table."""
    if isinstance(record.picture, Path):
        return split_in(record.picture.relative_to(root.resolve()))
    return split_in(file.relative_to(root))
