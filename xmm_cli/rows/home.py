"""The folder of a data set, found again from rows that were filtered into another place."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import msgspec

from xmm_cli.rows.paths import PERSONAS, working_folder
from xmm_cli.rows.reader import MAX_LINE_BYTES, decode_line, resolve
from xmm_cli.rows.types import ImageView, Persona

_UP, _DOWN, _MOST = 3, 2, 1000
"""So many folders above a row's and above the working one, so many levels under those two, and so
many folders in all are looked into."""


def at_home(row: Persona, folder: Path) -> tuple[Persona, Path]:
    """The row and the folder that its paths count from.

    Where its pictures do not lie there, that is the folder of its data set, if it is near: in or
    above the folder of the row or the working directory.
    """
    if not row.images or resolve(folder, row.images[0].path).is_file():
        return row, folder
    inside = [_inside(view) for view in row.images]
    for home in _homes(row.dataset, folder, working_folder()):
        if (home / inside[0].path).is_file():
            return msgspec.structs.replace(row, images=tuple(inside)), home
    return row, folder


def _inside(view: ImageView) -> ImageView:
    """The view with its path as in the data set's own file: `images/ID/NN.png`."""
    return msgspec.structs.replace(view, path=str(Path(*Path(view.path).parts[-3:])))


@lru_cache(maxsize=64)
def _homes(dataset: str | None, *starts: Path) -> tuple[Path, ...]:
    """The folders near these whose rows are of this data set; none where the row names none."""
    if dataset is None:
        return ()
    looked: dict[Path, None] = {}
    for start in starts:
        place = Path(os.path.abspath(working_folder() / start))  # noqa: PTH100
        looked |= dict.fromkeys([*place.parents[:_UP], *_below(place, _DOWN)])
    return tuple(
        folder for folder in list(looked)[:_MOST] if _dataset_in(folder / PERSONAS) == dataset
    )


def _below(folder: Path, levels: int) -> Iterator[Path]:
    yield folder
    if levels == 0:
        return
    try:
        inside = sorted(one.path for one in os.scandir(folder) if one.is_dir())
    except OSError:
        return
    for path in inside[:_MOST]:
        yield from _below(Path(path), levels - 1)


def _dataset_in(file: Path) -> str | None:
    """The data set of a file's first row."""
    try:
        with file.open("rb") as lines:
            row = decode_line(lines.readline(MAX_LINE_BYTES))
    except OSError:
        return None
    return row.dataset if isinstance(row, Persona) else None
