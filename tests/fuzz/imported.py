"""Sources that are imported, in each format, with something wrong in most of them."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.fuzz.spoil import NAMES, spoil, value

Run = Callable[..., None]
"""A whole command, which may end with any code of the table and one line."""


def table(form: str, rng: random.Random, home: Path, pictures: tuple[bytes, ...], run: Run) -> None:
    """JSON lines, CSV, imagefolders: rows with odd values, odd bytes, pictures that are none."""
    suffix = rng.choice(("jsonl", "csv", "parquet")) if form == "imagefolder" else form
    folder = home / "in" / rng.choice(("", "train", "val"))
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(rng.choice(pictures))
    rows = [
        {
            "id": number,
            "name": rng.choice(("Ann Lee", "Bo Yun-Hwa")),
            "file_name": "a.png",
            "text": "Ann Lee has red hair.",
            "fact.city": "Oslo",
            "attributes": {"hair": "red"},
        }
        for number in range(rng.randint(1, 3))
    ]
    file = folder / f"metadata.{suffix}"
    _write(rng, file, rows)
    run("gen-personas", "--from", form, file if form != "imagefolder" else home / "in", *_end(home))


def folders(
    form: str, rng: random.Random, home: Path, pictures: tuple[bytes, ...], run: Run
) -> None:
    """Folders and files of any name, some of them pictures."""
    for _ in range(rng.randint(1, 6)):
        parts = [rng.choice(("Ann", "train", "0", *NAMES)) for _ in range(rng.randint(0, 3))]
        parts = [part.replace("/", "").replace("\0", "").strip(".")[:80] for part in parts]
        file = home.joinpath("in", *parts, rng.choice(("a.png", "b.jpg", "c.txt", ".d", "e.heic")))
        with suppress(OSError):  # a folder where there is a file, or a file where a folder
            file.parent.mkdir(parents=True, exist_ok=True)
            data = rng.choice((*pictures, b"\0\0\0\x18ftypheic"))
            file.write_bytes(spoil(rng, data) if rng.random() < 0.4 else data)
    run("gen-personas", "--from", form, home / "in", *_end(home))


def published(
    form: str, rng: random.Random, home: Path, pictures: tuple[bytes, ...], run: Run
) -> None:
    """MLLMU-Bench, CLEAR and FIUBench likewise."""
    picture = {"bytes": rng.choice(pictures), "path": "x"}
    biography = {
        "Name": "Ann Lee",
        "Gender": "female",
        "Born": "Oslo",
        "Description": "Ann is tall.",
    }
    told = json.dumps(biography).encode()
    told = told if rng.random() < 0.3 else rng.choice((spoil, value))(rng, told)
    person = {
        "name": "Ann Lee",
        "image_path": "./dataset/SFHQ/a.jpg",
        "caption": "Ann Lee is tall.",
        "qa_list": [{"question": "What is the pet of this person?", "keywords": ["a cat"]}],
    }
    files: dict[str, list[dict[str, Any]]] = {
        "mllmu": [{"ID": "1", "image": picture, "biography": told.decode("utf-8", "replace")}],
        "clear": [{"image": picture, "caption": "Ann Lee is tall.", "name": "Ann Lee"}],
        "fiubench": [person],
    }
    (home / "in" / "SFHQ").mkdir(parents=True)
    (home / "in" / "SFHQ" / "a.jpg").write_bytes(picture["bytes"])
    names = {"mllmu": "Full_Set/a.parquet", "clear": "full/a.parquet", "fiubench": "full.json"}
    _write(rng, home / "in" / names[form], files[form])
    if form == "mllmu" and rng.random() < 0.5:
        _write(rng, home / "in" / "Test_Set" / "b.parquet", [{"ID": "1", "images": [picture]}])
    run("gen-personas", "--from", form, home / "in", *_end(home))


def _end(home: Path) -> list[object]:
    return ["--out", home / "out", "--size", 16]


def _write(rng: random.Random, file: Path, rows: list[dict[str, Any]]) -> None:
    """A table, in most cases with something wrong in it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        _parquet(rng, file, rows)
        return
    if file.suffix == ".csv":
        head = ",".join(rows[0])
        lines = [head, *(",".join(str(one) for one in row.values()) for row in rows)]
        lines = [line.replace("{'hair': 'red'}", "red") for line in lines]
        data = "\n".join(lines).encode()
    else:
        lines_ = [json.dumps(row).encode() for row in rows]
        data = b"\n".join(value(rng, line) if rng.random() < 0.6 else line for line in lines_)
    file.write_bytes(spoil(rng, data) if rng.random() < 0.4 else data)


def _parquet(rng: random.Random, file: Path, rows: list[dict[str, Any]]) -> None:
    """The same in Parquet: another value in a column, as far as it has types for it, or bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    odd = (None, 7, -1.5, True, b"\xff", "", [], ["x"], [None], {"a": 1}, {"bytes": b""}, "é" * 300)
    spoiled = [dict(row) for row in rows]
    if rng.random() < 0.5:
        column = rng.choice(list(rows[0]))
        for row in spoiled:
            row[column] = rng.choice(odd) if rng.random() < 0.3 else odd[2]
            if rng.random() < 0.2:
                del row[column]
    try:
        table = pa.Table.from_pylist(spoiled)
    except (pa.ArrowException, TypeError):
        table = pa.Table.from_pylist(rows)
    pq.write_table(table, file)
    if rng.random() < 0.3:
        file.write_bytes(spoil(rng, file.read_bytes()))
