"""Where rows come from and go to: stdin and stdout, or what a Python program gives instead."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import BinaryIO, NamedTuple, TextIO


class Streams(NamedTuple):
    """What stands in the place of stdin and stdout."""

    rows: BinaryIO | None
    """None is a stdin that is closed."""
    written: io.BytesIO


_INSTEAD: ContextVar[Streams | None] = ContextVar("instead", default=None)


@contextmanager
def instead(rows: bytes | None) -> Iterator[io.BytesIO]:
    """Inside the block, commands read these bytes as stdin; what they write is collected.

    `rows` None is a stdin that is closed.
    """
    streams = Streams(None if rows is None else io.BytesIO(rows), io.BytesIO())
    token = _INSTEAD.set(streams)
    try:
        yield streams.written
    finally:
        _INSTEAD.reset(token)


def stdin() -> BinaryIO | None:
    """What rows are read from; None where it is closed."""
    streams = _INSTEAD.get()
    if streams is not None:
        return streams.rows
    return None if sys.stdin is None or sys.stdin.closed else sys.stdin.buffer


def waits_for_keys() -> bool:
    """Whether stdin is a terminal, on which no rows will come."""
    return _INSTEAD.get() is None and sys.stdin is not None and sys.stdin.isatty()


def text_out() -> TextIO | None:
    """Stdout as text is written to it; None where it is closed or something stands in its place."""
    closed = sys.stdout is None or sys.stdout.closed
    return None if closed or _INSTEAD.get() is not None else sys.stdout


def collected() -> io.BytesIO | None:
    """What stands in the place of stdout, if anything does."""
    streams = _INSTEAD.get()
    return None if streams is None else streams.written
