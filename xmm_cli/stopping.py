"""What ends a command from outside, and what is said of whatever ended it."""

import os
import signal
from types import FrameType

from xmm_cli.errors import ExitCode, XmmError, no_room

_NO_MEMORY = "can't allocate memory"
_INTERRUPTED = "Query interrupted"
"""What DuckDB raises in the place of what a signal raised."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where the work is, so that it cleans up as it does for Ctrl-C."""


class HungUp(KeyboardInterrupt):
    """SIGHUP, likewise: the terminal or the connection has gone."""


heard: list[type[KeyboardInterrupt]] = []
"""What was raised for the signals so far."""


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    heard.append(Terminated)
    raise Terminated


def _hang_up(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    heard.append(HungUp)
    raise HungUp


def listen() -> None:
    """Turn signals into exceptions, unless the parent process ignores them (`nohup`)."""
    for number, handler in ((signal.SIGTERM, _terminate), (signal.SIGHUP, _hang_up)):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def explain(error: BaseException) -> tuple[str, ExitCode]:
    """What to say of an exception, and the code it ends in."""
    if isinstance(error, RuntimeError) and str(error) == _INTERRUPTED:
        error = (heard or [KeyboardInterrupt])[-1]()
    if isinstance(error, XmmError):
        return str(error), error.code
    if isinstance(error, Terminated):
        return "terminated", ExitCode.TERMINATED
    if isinstance(error, HungUp):
        return "hung up", ExitCode.HUNG_UP
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", ExitCode.INTERRUPTED
    if missing := _missing_place(error):
        return missing, ExitCode.CANNOT_WRITE
    if reason := no_room(error):
        silence_stdout()
        return f"{getattr(error, 'filename', None) or 'output'}: {reason}", ExitCode.CANNOT_WRITE
    kind = type(error).__name__
    # torch.OutOfMemoryError on a device, a RuntimeError of its allocator on the CPU
    if isinstance(error, MemoryError) or kind == "OutOfMemoryError" or _NO_MEMORY in str(error):
        return "out of memory; try smaller batches or a smaller model", ExitCode.FAILED
    what = f"{kind}: {error}" if str(error) else kind
    return f"a defect of xmm: {what}; XMM_DEBUG=1 shows where, please report it", ExitCode.FAILED


def _missing_place(error: BaseException) -> str | None:
    """What to say where a system without a folder that every program needs ended the work."""
    if not isinstance(error, FileNotFoundError):
        return None
    if "No usable temporary directory" in str(error):
        return "no folder for temporary files can be written; name one with TMPDIR"
    try:
        os.getcwd()  # noqa: PTH109
    except FileNotFoundError:
        return "the working folder was deleted; cd to one that is there"
    return None


def silence_stdout() -> None:
    """Point descriptor 1 at nothing, so that Python's last flush does not fail and say so."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.close(nothing)
    except OSError:
        return
