"""MLLMU-Bench: `Full_Set/*.parquet` and, for held-out pictures, `Test_Set/*.parquet`.

Another part with people, such as `forget_10`, is read when it is named; its held-out pictures are
those that the `Test_Set` beside it has. A row is a fictitious person: `ID`, `image`, `Directory`,
`biography` (a JSON object: `Name`, and what is known of them) and tasks of the benchmark. A row of
`Test_Set` has more pictures of the person of that `ID`, in `images`. Liu et al. 2024,
https://arxiv.org/abs/2410.22108, https://huggingface.co/datasets/MLLMMU/MLLMU-Bench
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.source_files import (
    Fields,
    embedded,
    find,
    label,
    labels,
    parquet_rows,
    parse_json,
    words,
)

_VISIBLE = ("gender",)
_DESCRIPTION = "description"
_TASKS = ("Classification_Task", "Generation_Task", "Mask_Task")


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """The training picture and facts of each person, then the held-out pictures."""
    folder = find(path, "Full_Set/*.parquet", "*.parquet").parent
    names: dict[str, str] = {}
    columns = ["ID", "image", "biography", *_TASKS]
    for where, row in parquet_rows(sorted(folder.glob("*.parquet")), columns):
        for task in _TASKS:
            if row.get(task):
                dropped.add(f"{task}: xmm asks its own questions", where, lost=False)
        record = _person(row, where, dropped)
        if record is not None:
            names[record.person] = record.name
            yield record
    yield from _held_out(folder.parent / "Test_Set", names, dropped)


def _person(row: Fields, where: str, dropped: Dropped) -> Record | None:
    if "ID" not in row or "biography" not in row:
        raise BadData(f"{where}: no ID or biography", "is this MLLMU-Bench's Full_Set?")
    known = _biography(row["biography"], where)
    name = words(next((known[key] for key in known if label(key) == "name"), None))
    if name is None:
        dropped.add("the biography has no name", where)
        return None
    told = labels(known)
    for key, value in known.items():
        if value and label(key) not in told:
            dropped.add(f"{label(key)}: not a simple value", where, lost=False)
    facts = {
        key: value for key, value in told.items() if key not in ("name", _DESCRIPTION, *_VISIBLE)
    }
    return Record(
        where=where,
        person=words(row["ID"]) or name,
        name=name,
        picture=embedded(row.get("image")),
        text=told.get(_DESCRIPTION),
        split="train" if row.get("image") else None,
        attributes={key: told[key] for key in _VISIBLE if key in told},
        facts=facts,
    )


def _biography(value: Any, where: str) -> Fields:
    found = parse_json(value, f"{where}: the biography") if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise BadData(f"{where}: the biography is no JSON object")
    return found


def _held_out(folder: Path, names: dict[str, str], dropped: Dropped) -> Iterator[Record]:
    columns = ["ID", "images", "image"]
    for where, row in parquet_rows(sorted(folder.glob("*.parquet")), columns):
        person = words(row.get("ID")) or ""
        if person not in names:
            dropped.add("Test_Set has a person whom Full_Set has not", where, lost=False)
            continue
        several = row.get("images")
        for picture in several if isinstance(several, list) else [row.get("image")]:
            if (found := embedded(picture)) is not None:
                yield Record(where, person, names[person], found, split="heldout")
