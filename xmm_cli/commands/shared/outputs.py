"""Where the rows of `xmm probe` go: to stdout, or to a file that a killed run can go on with."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from xmm_cli import processes
from xmm_cli.commands.shared import torchrun
from xmm_cli.console import say
from xmm_cli.errors import CannotWrite
from xmm_cli.rows.lock import lock
from xmm_cli.rows.reader import Located, read_rows
from xmm_cli.rows.sources import end_of_lines
from xmm_cli.rows.types import Probe, Row, Run
from xmm_cli.rows.writer import RowWriter

RowKey = tuple[str | None, str, str, str | None, str, int, str | None, str]
"""What tells a row from the next.

Checkpoint, modality, task, data set, persona, view, attack, expected answer.
"""


class Output:
    """Rows to stdout."""

    def __init__(self, writer: RowWriter) -> None:
        self.writer = writer

    def begin(self, passed: Sequence[bytes]) -> None:
        """Let the rows pass that came with the input."""
        for line in passed:
            self.writer.write_raw(line)

    def count(self, wanted: Iterable[RowKey]) -> int:  # noqa: ARG002
        """How many of these rows, from the first on, an earlier try of the run is done with."""
        return 0

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows. Raises as `RowWriter.write` does."""
        for row in rows:
            self.writer.write(row)

    def end(self, row: Run) -> None:
        """Write the `run` row, the last one."""
        self.writer.write(row)


class Log(Output):
    """Rows to a file, behind those that an earlier try of the same run left there."""

    def __init__(self, path: Path, run: str, writer: RowWriter, lacking: bool) -> None:
        """`lacking`: any question may have been left out, not only such about pictures."""
        super().__init__(writer)
        self.path, self.run, self.lacking = path, run, lacking
        self._runs: set[bytes] = set()
        self._ended = False

    def begin(self, passed: Sequence[bytes]) -> None:
        """Let pass what is not there yet."""
        with self.path.open("rb") as lines:
            self._runs = {line.rstrip(b"\r\n") for line in lines if b'"run"' in line[:16]}
        super().begin([line for line in passed if line.rstrip(b"\n") not in self._runs])

    def count(self, wanted: Iterable[RowKey]) -> int:
        """How many rows are there, with those that were left out between them.

        Raises `CannotWrite` where the file holds anything else, `BadData` where it is no rows.
        """
        found, passed, coming = 0, 0, iter(wanted)
        for one in self._rows():
            found += 1
            if one.row.run != self.run:
                self._refuse(f"{one.where}: a row of another run ({one.row.run}, here {self.run})")
            row = told(one.row)
            for known in coming:
                passed += 1
                if known == row:
                    break
                # a picture may have been left out, or an attack; a text by what is not loaded here
                if known[1] != "image" and known[6] is None and not self.lacking:
                    self._refuse(f"{one.where}: not the row that comes next in this run")
            else:
                self._refuse(f"{one.where}: not the row that comes next in this run")
        if found:
            say.note(f"{self.path}: {found} rows are there already")
        return passed

    def end(self, row: Run) -> None:
        """Write the `run` row, unless it is there."""
        if not self._ended:
            super().end(row)

    def _rows(self) -> Iterator[Located[Probe]]:
        for one in read_rows([self.path], want=(Probe, Run)):
            if isinstance(one.row, Probe):
                yield one  # type: ignore[misc]
            elif isinstance(one.row, Run) and one.row.id == self.run:
                self._ended = True

    def _refuse(self, message: str) -> NoReturn:
        raise CannotWrite(message, "give the same command as before, or another --resume file")


def told(row: Probe) -> RowKey:
    """What tells a row from the next."""
    return (
        *(row.checkpoint, row.modality, row.task),
        *(row.dataset, row.persona, row.view, row.attack or None, row.expected),
    )


@contextmanager
def opened(resume: Path | None, run: str, *, lacking: bool = False) -> Iterator[Output]:
    """Where rows go; of several processes of one run, the first writes them.

    A last line that was cut off is removed from the file. `lacking`: see `Log`.
    Raises `CannotWrite`.
    """
    if resume is None or not processes.is_first():
        yield Output(torchrun.row_writer())
        return
    try:
        descriptor = os.open(resume, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise CannotWrite(f"{resume}: {error.strerror}") from error
    try:
        lock(descriptor, resume)
        _cut_torn(descriptor)
        yield Log(resume, run, RowWriter(descriptor, name=str(resume)), lacking)
    finally:
        os.close(descriptor)


def _cut_torn(descriptor: int) -> None:
    """Let the file end with its last newline."""
    end = end_of_lines(descriptor)
    if end < os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, end)
