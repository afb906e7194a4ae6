"""Files and folders that are there whole, or not at all.

What is written goes to a hidden name beside the target, is forced to the disk, and takes the
target's name in one step. A crash leaves the old file, never half a new one. A writer keeps a lock
on its hidden file, and the lock ends with the process: so the next writer of the same target knows
which files a killed process left, and removes them.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import IO, Any

from xmm_cli.errors import WRITE_ERRORS, CannotWrite, no_room

_LOOKED_AT = 8
"""Hidden names looked at for what killed writers left: more than write one target at once."""


def ensure_folder(path: Path) -> Path:
    """Make a folder and those above it, if they are not there.

    Raises:
        CannotWrite: it cannot be made, or a file has its name.
    """
    with _naming(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole, or leave what was there. Raises `CannotWrite`."""
    with atomic_open(path) as file:
        file.write(data)


@contextmanager
def atomic_open(path: Path, mode: str = "wb", encoding: str | None = None) -> Iterator[IO[Any]]:
    """Open a file that takes its name when the block ends, and vanishes if the block fails.

    `mode` is `wb` or `w` (UTF-8 unless `encoding` says otherwise, newlines as given). A link is
    followed; a device or a pipe (`/dev/stdout`) is written directly.

    Raises:
        CannotWrite: it cannot be written; the message has the path and the reason.
    """
    if mode not in ("w", "wb"):
        raise ValueError(f"mode {mode!r}: an atomic file is written whole, with 'w' or 'wb'")
    text: dict[str, Any] = {} if mode == "wb" else {"encoding": encoding or "utf-8", "newline": ""}
    with _naming(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open(mode, **text) as device:
                yield device
            return
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(None, "Is a directory", str(path))
        temporary, held = _begin(target, _new_file)
        try:
            with open(held, mode, **text) as file:  # noqa: PTH123 (a descriptor)
                yield file
                file.flush()
                os.fsync(file.fileno())
                if target.exists():
                    shutil.copymode(target, temporary)
                temporary.replace(target)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        force_to_disk(target.parent)


@contextmanager
def atomic_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Fill a hidden folder beside `path`, which takes its name when the block ends well.

    A folder that is there already is only used if it is empty, or, with `replace`, exchanged for
    the new one as a whole.

    Raises:
        CannotWrite: it is there and not empty, or it cannot be written.
    """
    with _naming(path):
        target = path.resolve()
        _refuse_occupied(path, target, replace)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary, held = _begin(target, _new_folder)
        try:
            yield temporary
            for file in temporary.rglob("*"):
                if not file.is_symlink():
                    force_to_disk(file)
            _refuse_occupied(path, target, replace)
            _put(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            os.close(held)
        force_to_disk(target.parent)


def _refuse_occupied(path: Path, target: Path, replace: bool) -> None:
    if target.exists() and not target.is_dir():
        raise CannotWrite(f"{path}: is a file, not a folder", "give another folder")
    if target.is_dir() and not replace and any(target.iterdir()):
        raise CannotWrite(f"{path}: is there already and not empty", "give another folder")


def _put(temporary: Path, target: Path) -> None:
    """Give `temporary` its name, moving what has it aside first and back if that fails."""
    if not target.is_dir() or not any(target.iterdir()):
        temporary.replace(target)  # an empty folder is replaced in one step
        return
    old = next(sibling for sibling in _hidden_siblings(target) if not sibling.exists())
    target.replace(old)
    try:
        temporary.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def is_draft(path: Path) -> bool:
    """Whether a path has the name of something half written."""
    return path.name.startswith(".") and path.suffix == ".tmp"


def _hidden_siblings(target: Path) -> Iterator[Path]:
    """Hidden names in the same folder, short enough for every file system."""
    return (target.with_name(f".{target.name[:100]}.{number:08x}.tmp") for number in count())


def _begin(target: Path, make: Callable[[Path], int]) -> tuple[Path, int]:
    """A new hidden file or folder for a target, and a descriptor that keeps it locked."""
    for path in islice(_hidden_siblings(target), _LOOKED_AT):
        if path.exists():
            _remove_dead(path)
    for path in _hidden_siblings(target):
        with suppress(FileExistsError):
            held = make(path)
            with suppress(OSError):  # no locks here: then nothing is ever taken for dead
                fcntl.flock(held, fcntl.LOCK_EX)
            # another writer may have found it before it was locked
            if path.exists() and os.path.samestat(path.stat(), os.fstat(held)):
                return path, held
            os.close(held)
    raise AssertionError("unreachable")


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def _new_folder(path: Path) -> int:
    path.mkdir()
    return os.open(path, os.O_RDONLY)


def _remove_dead(path: Path) -> None:
    """Remove something half written, unless who writes it still lives."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        finally:
            os.close(descriptor)


def force_to_disk(path: Path) -> None:
    """Force a file or folder to the disk, where the file system can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what the system says into `CannotWrite` for this path.

    What the block raises about something else stays as it is: a missing file that it was reading,
    or a model that could not be found (transformers raises `OSError` for that).
    """
    try:
        yield
    except CannotWrite:
        raise
    except Exception as error:
        if not (_is_ours(error, path) if isinstance(error, OSError) else no_room(error)):
            raise
        reason = error.strerror if isinstance(error, OSError) else None
        raise CannotWrite(f"{path}: {reason or no_room(error) or error}") from error


def _is_ours(error: OSError, path: Path) -> bool:
    about = error.filename
    if isinstance(about, str | os.PathLike):
        return _concerns(Path(about), path)
    return error.errno in WRITE_ERRORS


def _concerns(about: Path, path: Path) -> bool:
    """Whether an error about one path is an error of writing the other."""
    absolute, target = Path(os.path.abspath(about)), path.resolve()  # noqa: PTH100
    beside = target.parent
    above = absolute in (target, path.absolute(), *target.parents)
    hidden = any(part.startswith(f".{target.name[:100]}.") for part in absolute.parts)
    return above or (absolute.is_relative_to(beside) and hidden)
