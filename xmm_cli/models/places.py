"""Where a base lies that is a folder of this machine.

Its weights' digest says which base it is; the folder's name says only where it lay when something
was trained on it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from xmm_cli.models.weights_digest import weights_digest
from xmm_cli.rows.paths import working_folder
from xmm_cli.rows.types import Checkpoint

_UP = 3
"""So many folders above a checkpoint are looked into."""
_places: dict[str, str] = {}


def spelled_out(name: str) -> str:
    """The whole path where a name is a folder's; any other name stays."""
    if not Path(name).is_dir():
        return name
    return os.path.abspath(working_folder() / name)  # noqa: PTH100 (links stay as they are)


def place_of(name: str) -> str:
    """The folder in which a base was found; any other name stays."""
    return _places.get(name, name)


def same_weights(row: Checkpoint, folder: str) -> bool:
    """Whether a folder holds the base that a checkpoint was trained on."""
    path = Path(folder)
    return path.is_dir() and row.revision is not None and weights_digest(folder) == row.revision


def find_base(row: Checkpoint, given: str | None = None) -> None:
    """Remember where the base of a checkpoint lies now, if that is a folder.

    That is the one given, the one recorded, or one of that name beside the checkpoint, above it or
    in the working directory: the first with the weights that it was trained on.
    """
    if given is not None and same_weights(row, given):
        _places[row.base] = spelled_out(given)
        return
    if place_of(row.base) != row.base or Path(row.base).is_dir() or not _was_folder(row.base):
        return
    for folder in _near(row):
        if same_weights(row, folder):
            _places[row.base] = spelled_out(folder)
            return


def _was_folder(name: str) -> bool:
    """Whether a base's name can be no name on the hub."""
    return Path(name).is_absolute() or name.count("/") != 1 or name.startswith(".")


def _near(row: Checkpoint) -> Iterator[str]:
    here = working_folder()
    checkpoint = Path(os.path.abspath(here / row.path))  # noqa: PTH100
    for folder in (here, checkpoint, *checkpoint.parents[:_UP]):
        yield str(folder / row.base)
        yield str(folder / Path(row.base).name)
