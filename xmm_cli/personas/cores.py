"""How many processes to draw with, and how they are started."""

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.context import BaseContext


def usable_cores() -> int:
    """The cores that this process may use, at least one; where the system cannot tell, all."""
    may_use = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(may_use(0)) if may_use else os.cpu_count() or 1


def started_by() -> BaseContext:
    """Forks where that is safe: on Linux, from a single thread. Else fresh processes.

    A fresh process imports everything anew, in which time hundreds of pictures are drawn.
    """
    alone = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def leave_signals() -> None:
    """In a process that draws: what ends the command ends this too, through the command, silently.

    What the command has been told to ignore (`nohup`) stays ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
