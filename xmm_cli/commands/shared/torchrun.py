"""A command that runs in several processes at once: the first reads, writes and speaks."""

import io
import os
import sys
from collections.abc import Sequence

from xmm_cli import processes
from xmm_cli.commands.shared.devices import check_device, check_python
from xmm_cli.console import say
from xmm_cli.rows.reader import STDIN
from xmm_cli.rows.writer import RowWriter
from xmm_cli.streams import stdin, waits_for_keys


def join(inputs: Sequence[str], device: str | None, *, reads_stdin: bool = True) -> None:
    """Meet the other processes, if there are any, and give all of them what came through stdin.

    From here on only the first speaks, and of errors the first one that any of them has is told.
    Raises `WorkFailed`, `WrongUsage` where they are to share one GPU, and `Unavailable` under a
    Python that no model loads in.
    """
    check_python()
    if processes.count() == 1:
        return
    say.only_errors = not processes.is_first()
    check_device(device)
    processes.join(device)
    say.tells = processes.tells
    if STDIN not in (list(inputs) or [STDIN]) or (not inputs and not reads_stdin):
        return
    given = processes.on_first(_piped)
    if given is not None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(given))


def _piped() -> bytes | None:
    """All of stdin, unless it is a terminal or closed: that is found out where it is read."""
    piped = None if waits_for_keys() else stdin()
    return None if piped is None else piped.read()


def row_writer(*, keep_going: bool = False) -> RowWriter:
    """A writer to stdout in the first process, to nowhere in the others."""
    if processes.is_first():
        return RowWriter(keep_going=keep_going)
    return RowWriter(os.open(os.devnull, os.O_WRONLY), keep_going=keep_going)
