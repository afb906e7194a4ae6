"""What bad input must not do, watched from inside the interpreter.

An audit hook cannot be removed: it is put in once, and looks only while a case runs.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

BUSY_S, HANGS_AFTER_S = 20.0, 300.0
"""A case that computes, or waits, for longer is a hang; the machine may have other work."""

TEMPORARY = "xmm-sql-"
"""How the folder begins in which rows are spilled; it is gone when the command ends."""
_FORBIDDEN = ("subprocess.", "os.exec", "os.posix_spawn", "os.system", "os.fork", "socket.connect")
_UNPICKLED = "pickle.find_class"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "shutil.rmtree")

_home: str | None = None
_seen: list[str] = []


class Hurt(AssertionError):
    """Something happened that input must never bring about."""


class Hang(Hurt):
    """A case took too long."""


def _hook(event: str, given: tuple[Any, ...]) -> None:
    if _home is None:
        return
    if event.startswith(_FORBIDDEN) or event == _UNPICKLED:
        _seen.append(f"{event} {given!r:.200}")
        return
    writes = event == "open" and (given[2] or 0) & _WRITES
    for path in given[: 2 if event == "os.rename" else 1]:
        if (writes or event in _CHANGES) and isinstance(path, str | bytes | os.PathLike):
            _outside(event, path)


def _outside(event: str, path: Any) -> None:
    where = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 (links are to be seen)
    own = os.path.join(tempfile.gettempdir(), TEMPORARY)  # noqa: PTH118
    if not where.startswith((f"{_home}{os.sep}", "/dev/null", own)):
        _seen.append(f"{event} {where}")


sys.addaudithook(_hook)


def _late(number: int, frame: FrameType | None) -> None:
    raise Hang(f"no end after {BUSY_S:g} s of computing or {HANGS_AFTER_S:g} s of waiting")


@contextmanager
def watched(home: Path) -> Iterator[None]:
    """Run a case: it may write below `home` alone, start nothing, and must end.

    Raises `Hurt`.
    """
    global _home
    _seen.clear()
    before = [(one, signal.signal(one, _late)) for one in (signal.SIGALRM, signal.SIGPROF)]
    signal.setitimer(signal.ITIMER_REAL, HANGS_AFTER_S)
    signal.setitimer(signal.ITIMER_PROF, BUSY_S)
    _home = str(home.resolve())
    try:
        yield
    finally:
        _home = None
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number, handler in before:
            signal.signal(number, handler)
    if _seen:
        raise Hurt("; ".join(_seen))
