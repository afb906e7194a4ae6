"""Probe rows from the inputs of a command, as scoring wants them."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Probe


def probes(
    inputs: Sequence[str], recorder: RunRecorder, passing: Callable[[bytes], None]
) -> Iterator[Probe]:
    """Each probe row. Raises as `read_rows` does."""
    found = read_rows(inputs, want=(Probe,), passing=passing)
    for one in require_some(found, inputs, want=(Probe,)):
        recorder.saw(one.row)
        yield from_here(one.row, one.folder)


def from_here(row: Probe, folder: Path) -> Probe:
    """The row with its checkpoint's path counted from the working directory.

    So the checkpoints `runs/a` of two folders stay two.
    """
    if row.checkpoint is None:
        return row
    path = _joined(folder, row.checkpoint)
    return row if path == row.checkpoint else msgspec.structs.replace(row, checkpoint=path)


@lru_cache(maxsize=4096)
def _joined(folder: Path, path: str) -> str:
    return str(folder / path)
