"""One spelling for each path that rows name, so that one checkpoint is never taken for two."""

import os
from functools import lru_cache
from pathlib import Path

PERSONAS = "personas.jsonl"
"""What the folder of a data set holds, and that of a checkpoint: the rows of its people."""


def working_folder() -> Path:
    """The working directory; of one that was deleted, the name that the shell knows it by."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(os.environ.get("PWD") or os.sep)


def from_here(folder: Path, path: str, home: Path | None = None) -> str:
    """What a row found in `folder` calls `path`, as counted from `home` (the working directory).

    `t.jsonl`, `$PWD/t.jsonl` and stdin give one spelling: relative, or absolute where nothing but
    the root is shared. The disk is not asked, as a checkpoint may lie on another machine.
    """
    here = str(working_folder())
    return _spelled(os.path.join(here, folder), path, here if home is None else str(home))  # noqa: PTH118


@lru_cache(maxsize=4096)
def _spelled(folder: str, path: str, home: str) -> str:
    here = os.path.abspath(home)  # noqa: PTH100 (links stay as they are)
    there = os.path.abspath(os.path.join(folder, path))  # noqa: PTH100, PTH118
    return there if os.path.commonpath([here, there]) == os.sep else os.path.relpath(there, here)
