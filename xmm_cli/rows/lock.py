"""One run at a time for one target: an advisory lock that the system lets go of, even after a kill.

It is `flock` on a file: on file systems that have no such locks, work goes on without one.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xmm_cli.errors import CannotWrite
from xmm_cli.rows.files import ensure_folder

_BUSY = (errno.EWOULDBLOCK, errno.EACCES)


def lock(descriptor: int, path: Path, *, wait: bool = False) -> None:
    """Lock an open file until it is closed or the process ends.

    Raises `CannotWrite` where another process has it, unless that is to be waited for.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in _BUSY:
            raise CannotWrite(
                f"{path}: another run is writing to it", "wait for it, or write elsewhere"
            ) from error


@contextmanager
def claimed(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other runs away from a folder (or file) to be made; the lock lies hidden beside it.

    What a killed run left half made beside it is removed. Raises `CannotWrite`, where another run
    has it only unless that is to be waited for.
    """
    ensure_folder(folder.parent)
    beside = folder.resolve()
    held = beside.with_name(f".{beside.name[:100]}.lock")
    descriptor = _hold(held, folder, wait)
    try:
        _sweep(beside)
        yield
    finally:
        with suppress(OSError):
            held.unlink()
        os.close(descriptor)


def _hold(held: Path, folder: Path, wait: bool) -> int:
    """A locked descriptor of the file that has this name now: who had it may just have removed it.

    Raises `CannotWrite`.
    """
    while True:
        try:
            descriptor = os.open(held, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise CannotWrite(f"{folder}: {error.strerror}") from error
        try:
            lock(descriptor, folder, wait=wait)
            if os.path.samestat(os.fstat(descriptor), held.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except CannotWrite:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _sweep(target: Path) -> None:
    """Remove what `rows.files` was making for this target when it was killed."""
    draft = re.compile(re.escape(f".{target.name[:100]}.") + r"[0-9a-f]{8}\.tmp")
    for one in target.parent.iterdir():
        if draft.fullmatch(one.name):
            shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink(missing_ok=True)
