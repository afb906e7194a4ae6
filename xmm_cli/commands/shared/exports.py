"""What a training run leaves for other tools: a merged model, and its log."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

from xmm_cli.console import say
from xmm_cli.errors import CannotWrite, Unavailable, WrongUsage
from xmm_cli.rows.types import Checkpoint

_EVENTS = "TENSORBOARD_LOGGING_DIR"


def check_logger(name: str) -> None:
    """Raise `Unavailable` where the package is missing."""
    if find_spec(name) is None:
        raise Unavailable(f"{name} is not installed", f"pip install 'xmm-cli[{name}]'")


@contextmanager
def logging_to(name: str | None, folder: Path) -> Iterator[None]:
    """While it lasts, TensorBoard's events go beside the checkpoint's folder.

    What a logger prints goes to stderr: stdout is for rows.
    """
    if name is None:
        yield
        return
    ours = name == "tensorboard" and _EVENTS not in os.environ
    if ours:
        os.environ[_EVENTS] = str(folder.with_name(f"{folder.name}.tensorboard"))
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if ours:
            del os.environ[_EVENTS]


def check_merged(folder: Path | None, run_id: str, overwrite: bool) -> None:
    """Raise `CannotWrite` or `WrongUsage` where a merged model could not be written in the end."""
    if folder is not None and folder.name in ("", ".."):
        raise WrongUsage(f"--merge {folder}", "name a folder of its own")
    if folder is None or overwrite or not folder.exists():
        return
    from xmm_cli.models.adapters.export import merged_from

    if not folder.is_dir() or (any(folder.iterdir()) and merged_from(folder) != run_id):
        raise CannotWrite(
            f"{folder}: is there and no model of this run", "give another --merge, or --overwrite"
        )


def write_merged(row: Checkpoint, folder: Path | None, device: str | None, overwrite: bool) -> None:
    """Write the full model of a checkpoint, unless an earlier run of the same command did."""
    if folder is None:
        return
    from xmm_cli.models.adapters.export import merge, merged_from

    if merged_from(folder) == row.run and not overwrite:
        say.note(f"{folder}: this model is there already")
        return
    merge(row, folder, device, overwrite=overwrite)
    say.note(f"{folder}: the full model")
