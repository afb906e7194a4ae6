"""Records of fixed width, sorted into parts by key, on disk once there are many.

What is known of one key lies in one part, in the order in which it came, so that parts can be
looked at one after the other. Memory holds `HELD` records and then one part: a sixty-fourth.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from xmm_cli.errors import CannotWrite

CHUNK = 1 << 16
"""Records kept as Python tuples before they become an array."""
HELD = 1 << 20
"""Records in memory before they go to disk."""
PARTS = 64

Records = NDArray[np.void]
Flags = Any


class Spill:
    """Takes records whose first field is an unsigned 64-bit `key`, and gives them back by key."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = np.dtype(fields)
        self.count = 0
        self.waiting: list[tuple[Any, ...]] = []
        """Records that were added and not yet settled."""
        self._held: list[Records] = []
        self._files: list[BinaryIO] = []
        self.add = self.waiting.append
        """Add a record, as a tuple; `settle` is due at `CHUNK` waiting ones."""

    def settle(self) -> None:
        """Move what was added out of Python's objects, and to disk if it is much.

        Raises:
            CannotWrite: the temporary folder is full or cannot be written.
        """
        if not self.waiting:
            return
        self.count += len(self.waiting)
        self._held.append(np.array(self.waiting, dtype=self.fields))
        self.waiting.clear()
        if sum(map(len, self._held)) >= HELD:
            self._to_disk()

    def parts(self) -> Iterator[Records]:
        """All records, part by part, each sorted by key and then by the order they came in."""
        self.settle()
        if self._files:
            self._to_disk()
            for file in self._files:
                file.seek(0)
                yield _sorted(np.frombuffer(file.read(), dtype=self.fields))
                file.close()
        elif self._held:
            yield _sorted(np.concatenate(self._held))

    def _to_disk(self) -> None:
        if not self._held:
            return
        records = np.concatenate(self._held)
        self._held.clear()
        part = (records["key"] % np.uint64(PARTS)).astype(np.uint8)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(PARTS), side="right")
        try:
            if not self._files:
                self._files = [_temporary() for _ in range(PARTS)]
            for file, piece in zip(self._files, np.split(records[order], ends[:-1]), strict=True):
                _write_whole(file, piece.tobytes())
        except OSError as error:
            for file in self._files:
                with suppress(OSError):
                    file.close()
            hint = "make room there, or name another folder with TMPDIR"
            raise CannotWrite(f"{tempfile.gettempdir()}: {error.strerror}", hint) from error


def last_of_each(part: Records, has: Flags, values: Flags, again: Flags, changed: Flags) -> Flags:
    """Where each key's last value stands; marks the records that repeat or change one."""
    at = np.flatnonzero(has)
    same = part["key"][at[1:]] == part["key"][at[:-1]]
    again[at[1:]] |= same
    changed[at[1:]] |= same & (values[at[1:]] != values[at[:-1]])
    return at[np.append(~same, np.ones(min(len(at), 1), dtype=bool))]


def _temporary() -> BinaryIO:
    # no buffer: pieces are large, and an error must come now, not when the file is closed
    return tempfile.TemporaryFile(prefix="xmm-", buffering=0)


def _write_whole(file: BinaryIO, data: bytes) -> None:
    """Write all of it: a disk that is nearly full takes a part, and fails at the next write."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _sorted(records: Records) -> Records:
    return records[np.argsort(records["key"], kind="stable")]
