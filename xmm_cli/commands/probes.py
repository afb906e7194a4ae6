"""Probe rows from the inputs of a command, as scoring wants them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from xmm_cli.rows.places import from_here
from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Probe, Trace

R = TypeVar("R", bound=Probe | Trace)


def probes(
    inputs: Sequence[str], recorder: RunRecorder, passing: Callable[[bytes], None]
) -> Iterator[Probe]:
    """Each probe row. Raises as `read_rows` does."""
    found = read_rows(inputs, want=(Probe,), passing=passing)
    for one in require_some(found, inputs, want=(Probe,)):
        recorder.saw(one.row)
        yield seen_from_here(one.row, one.folder)


def seen_from_here(row: R, folder: Path) -> R:
    """The row with its checkpoint's path counted from the working directory.

    So the checkpoints `runs/a` of two folders stay two, and one under two spellings stays one.
    """
    if row.checkpoint is None:
        return row
    path = from_here(folder, row.checkpoint)
    return row if path == row.checkpoint else msgspec.structs.replace(row, checkpoint=path)
