"""Files of a source: found, read line by line, and never outside its folder."""

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData, InputNotFound, Unavailable
from xmm_cli.personas.importing import Dropped
from xmm_cli.personas.importing.texts import read_text

Fields = dict[str, Any]
PairsHook = Callable[[list[tuple[str, Any]]], Any]

_ADDRESSES = ("http://", "https://", "s3://", "gs://", "data:")
_EXACT = 2**53
"""Below it a float can stand for each whole number."""


def inside(root: Path, name: str, where: str) -> Path:
    r"""The file that a source means by `name`; `pics\1.jpg`, as Windows writes it, is `pics/1.jpg`.

    Raises `BadData` where no file can have that name, where it is an address on the web, or where
    it lies outside the source's folder, by `..`, `/` or a link.
    """
    if name.casefold().startswith(_ADDRESSES):
        raise BadData(
            f"{where}: the picture {name[:80]!r} is an address", "xmm fetches none: download it"
        )
    try:
        if "\\" in name and not (root / name).exists():
            name = name.replace("\\", "/")
        path = (root / name).resolve()
        within = path.is_relative_to(root.resolve())
        if within:
            path.is_file()
    # too long, a NUL, half a character, links in a circle
    except (OSError, ValueError, RuntimeError) as error:
        raise BadData(f"{where}: the picture {name[:80]!r} cannot be a file: {error}") from error
    if not within:
        raise BadData(f"{where}: the picture {name!r} leaves the folder {root}", "copy it into it")
    return path


def find(root: Path, *names: str) -> Path:
    """The first of these files or globs that `root` has. Raises `InputNotFound`."""
    if not root.exists():
        raise InputNotFound(f"{root}: No such file or directory")
    for name in names:
        found = sorted(root.glob(name))
        if found:
            return found[0]
    raise InputNotFound(f"{root}: has no {' or '.join(names)}", "is this the folder as published?")


def json_lines(path: Path, dropped: Dropped) -> Iterator[tuple[str, Fields]]:
    """Each object of a file of JSON lines, and where it stands; a JSON array is read too.

    Raises `InputNotFound`, `BadData`.
    """
    text = read_text(path, dropped)
    if text.lstrip().startswith("["):
        yield from _array(path, text)
        return
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        if line.strip():
            yield f"{path}:{number}", _object(line, f"{path}:{number}")


def _array(path: Path, text: str) -> Iterator[tuple[str, Fields]]:
    for number, item in enumerate(
        parse_json(text, str(path), _IS_IT, pairs=partial(_once, str(path))), 1
    ):
        if not isinstance(item, dict):
            raise BadData(f"{path}: item {number} is no JSON object")
        yield f"{path}[{number}]", item


def _object(line: str, where: str) -> Fields:
    found = parse_json(line, where, _IS_IT, pairs=partial(_once, where))
    if not isinstance(found, dict):
        raise BadData(f"{where}: no JSON object", _IS_IT)
    return found


_IS_IT = "is this JSON lines?"


def parse_json(
    text: str, where: str, hint: str | None = None, *, pairs: PairsHook | None = None
) -> Any:
    """A JSON value. Raises `BadData` where it is none, or nested too deep."""
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise BadData(f"{where}: no JSON: {error}", hint) from error


def _once(where: str, pairs: list[tuple[str, Any]]) -> Fields:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadData(f"{where}: two fields are called {twice!r}", "rename or remove the second")
    return found


def parquet_rows(
    files: list[Path], columns: list[str] | None = None
) -> Iterator[tuple[str, Fields]]:
    """Each row of these Parquet files, with those of `columns` that there are; all if None.

    Raises `BadData` where a file is damaged, `Unavailable` without pyarrow.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise Unavailable("pyarrow is not installed", "pip install 'xmm-cli[parquet]'") from error
    for path in files:
        try:
            with ParquetFile(path) as file:
                there = _columns(file.schema_arrow.names, path)
                known = there if columns is None else [one for one in columns if one in there]
                number = 0
                for batch in file.iter_batches(batch_size=64, columns=known):
                    for row in batch.to_pylist():
                        number += 1
                        yield f"{path}, row {number}", row
        # a ValueError: text that is no UTF-8, a time that Python has not
        except (ArrowException, OSError, ValueError) as error:
            raise BadData(f"{path}: cannot be read as Parquet: {error}") from error


def _columns(names: list[str], path: Path) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadData(f"{path}: two columns are called {twice!r}", "rename or remove the second")
    return names


def embedded(picture: Any) -> bytes | None:
    """The bytes of a picture as `datasets` stores it: `{"bytes": …, "path": …}`."""
    found = picture.get("bytes") if isinstance(picture, dict) else picture
    return found if isinstance(found, bytes) else None


def missing(value: Any) -> bool:
    """Whether a value is none: null, not a number, infinite, or empty."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list | dict | bytes) and not value)


def words(value: Any) -> str | None:
    """A value as a string with single spaces; None where it is missing or of another type.

    A whole number is written as one: pandas makes 34.0 of 34 where its column has gaps.
    """
    if missing(value) or isinstance(value, bool):
        return None
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return " ".join(str(value).split()) if isinstance(value, str | int | float | Decimal) else None


def file_name(value: Any) -> str | None:
    """A value as the name of a file, with all blanks inside it; None where it is none or empty."""
    return value.strip() or None if isinstance(value, str) else words(value)


def labels(value: Any) -> dict[str, str]:
    """The simple values of a JSON object, under names such as flags have: `hair_color`."""
    found = value.items() if isinstance(value, dict) else ()
    return {label(key): text for key, item in found if (text := words(item)) and label(key)}


def label(key: str) -> str:
    """`Annual Salary: ` as `annual_salary`."""
    return "_".join("".join(c if c.isalnum() else " " for c in key.casefold()).split())
