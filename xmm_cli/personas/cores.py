"""How the processes that draw are started."""

import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import BaseContext


def started_by() -> BaseContext:
    """Forks where that is safe: on Linux, from a single thread. Else fresh processes.

    A fresh process imports everything anew, in which time hundreds of pictures are drawn.
    """
    alone = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def leave_signals() -> None:
    """In a process that draws: what ends the command ends this too, through the command, silently.

    It ends it by SIGTERM. A hang-up that the command was told to ignore (`nohup`) stays ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hang_up is not None and signal.getsignal(hang_up) != signal.SIG_IGN:
        signal.signal(hang_up, signal.SIG_DFL)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Inside the block, an interrupt waits; processes that are started there never hear of it.

    A fresh one would otherwise tell of it while it still imports.
    """
    mask = getattr(signal, "pthread_sigmask", None)  # Windows has none
    if mask is None:
        yield
        return
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)
