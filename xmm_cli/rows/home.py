"""The folder of a data set, found again from rows that were filtered into another place."""

import os
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

import msgspec

from xmm_cli.rows.paths import PERSONAS, working_folder
from xmm_cli.rows.reader import MAX_LINE_BYTES, decode_line, resolve
from xmm_cli.rows.types import ImageView, Persona

_UP, _DOWN, _MOST = 3, 2, 1000
"""So many folders above a row's and above the working one, and so many levels under each of those
two, but not more folders than the last number, are looked into."""


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
        looked |= dict.fromkeys([*place.parents[:_UP], *islice(_below(place), _MOST)])
    return tuple(folder for folder in looked if _dataset_in(folder / PERSONAS) == dataset)


def _below(start: Path) -> Iterator[Path]:
    """A folder and those in it, the nearest first: each is listed only when it is reached."""
    waiting = deque([(start, 0)])
    while waiting:
        folder, depth = waiting.popleft()
        yield folder
        if depth < _DOWN:
            waiting.extend((inside, depth + 1) for inside in _folders_in(folder))


def _folders_in(folder: Path) -> list[Path]:
    """In order; of a folder that cannot be read, none."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except OSError:
        return []


def _dataset_in(file: Path) -> str | None:
    """The data set of a file's first row."""
    try:
        with file.open("rb") as lines:
            row = decode_line(lines.readline(MAX_LINE_BYTES))
    except OSError:
        return None
    return row.dataset if isinstance(row, Persona) else None
