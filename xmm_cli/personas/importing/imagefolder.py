"""Hugging Face's imagefolder: pictures beside `metadata.jsonl` or `metadata.csv`.

Each row names a picture in `file_name`, relative to the folder of the metadata; the folders
`train/`, `test/` and `validation/`, where they are used, tell the split. A data set of xmm is one.
https://huggingface.co/docs/datasets/image_dataset
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing import csv as table
from xmm_cli.personas.importing.fields import records
from xmm_cli.personas.importing.sources import find, json_lines
from xmm_cli.rows.types import Split

_FOLDERS: dict[str, Split] = {"train": "train", "test": "heldout", "validation": "heldout"}
_NAMES = ("metadata.jsonl", "metadata.csv")


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """The records of every metadata file in the folder and in its split folders."""
    find(path, *_NAMES, *(f"{split}/{name}" for split in _FOLDERS for name in _NAMES))
    for folder, split in [(path, None), *((path / one, two) for one, two in _FOLDERS.items())]:
        file = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
        if file is None:
            continue
        rows = json_lines(file) if file.suffix == ".jsonl" else table.rows(file)
        for record in records(rows, folder, dropped):
            yield record if record.split or split is None else replace(record, split=split)
