"""Writing rows, one JSON object a line, as they are made.

A row goes out in one `os.write`: nothing is held back in a buffer, and two commands that append to
the same file do not tear each other's rows. What happens when the reader leaves is decided here
and nowhere else.
"""

import errno
import io
import math
import os
import select
import sys
from typing import BinaryIO

import msgspec

from xmm_cli.errors import CannotWrite, ReaderGone
from xmm_cli.rows.types import Row
from xmm_cli.streams import collected

_ENCODER = msgspec.json.Encoder()


class NotFinite(ValueError):
    """A row holds NaN or an infinity, which JSON has not: a defect of what made the row."""


def encode(row: Row) -> bytes:
    """The line of a row, with its newline: `kind` first, fields in the order they are defined.

    Raises:
        NotFinite: a number in it is NaN or infinite; the encoder alone would write null.
    """
    line = _ENCODER.encode(row)
    # A NaN comes out as null, so a row with no more nulls than fields that are None has none.
    hidden = line.count(b"null") - msgspec.structs.astuple(row).count(None)
    if hidden and (field := _not_finite(row, "")) is not None:
        raise NotFinite(f"{type(row).__name__} row: {field} is not a finite number")
    return line + b"\n"


class RowWriter:
    """Writes rows to a file descriptor, a binary stream or (by default) stdout.

    `keep_going` is for the commands whose work outlasts their reader (`train`, `unlearn`): after
    the reader has gone, rows are dropped silently and `reader_gone` is true.
    """

    def __init__(
        self,
        target: int | BinaryIO | None = None,
        *,
        name: str = "stdout",
        keep_going: bool = False,
    ) -> None:
        self.name = name
        self.keep_going = keep_going
        self.reader_gone = False
        self._target = _stdout() if target is None else _descriptor(target)

    def write(self, row: Row) -> None:
        """Write a row.

        Raises:
            NotFinite: see `encode`.
            ReaderGone: the reader has left and `keep_going` is off.
            CannotWrite: the disk is full, the stream closed …
        """
        self._emit(encode(row))

    def write_raw(self, line: bytes) -> None:
        """Write a line as it came, with or without its newline. Raises as `write` does."""
        self._emit(line if line.endswith(b"\n") else line + b"\n")

    def _emit(self, line: bytes) -> None:
        if self.reader_gone and self.keep_going:
            return
        try:
            if isinstance(self._target, int):
                _write_whole(self._target, line)
            else:
                self._target.write(line)
                self._target.flush()
        except BrokenPipeError as error:
            self.reader_gone = True
            if not self.keep_going:
                raise ReaderGone from error
        except OSError as error:
            raise CannotWrite(f"{self.name}: {error.strerror}", _hint(error)) from error


def _stdout() -> int | BinaryIO:
    if (instead := collected()) is not None:
        return instead
    # Python sets it to None if it was closed; descriptor 1 then belongs to the next file opened.
    if sys.stdout is None or sys.stdout.closed:
        raise CannotWrite("stdout: closed", "send it to a file or to another command")
    sys.stdout.flush()
    return _descriptor(sys.stdout.buffer)


def _descriptor(target: int | BinaryIO) -> int | BinaryIO:
    """The descriptor of a real file; a stream in memory (a test's) stays what it is."""
    if isinstance(target, int):
        return target
    try:
        return target.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return target


def _write_whole(descriptor: int, line: bytes) -> None:
    """One write, as a rule; more only where the kernel took a part (a full pipe, a signal)."""
    rest = memoryview(line)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # a pipe that someone made non-blocking, and that is full
            select.select([], [descriptor], [])


def _hint(error: OSError) -> str | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room; what was written before is whole up to the last newline"
    return None


def _not_finite(value: object, path: str) -> str | None:
    """The path of the first NaN or infinity in a row, or None."""
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    items: list[tuple[str, object]] = []
    if isinstance(value, msgspec.Struct):
        items = [(f"{path}.{name}", getattr(value, name)) for name in value.__struct_fields__]
    elif isinstance(value, dict):
        items = [(f"{path}.{key}", item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    for item_path, item in items:
        if (found := _not_finite(item, item_path.lstrip("."))) is not None:
            return found
    return None
