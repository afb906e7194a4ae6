"""How many processes to draw with, and how they are started."""

import multiprocessing
import os
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
