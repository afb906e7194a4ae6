"""Reading rows from files and from stdin, one at a time, in constant memory.

Files may be given as quoted globs, and be gzip, zstd or Parquet (`rows.sources`).

Every line is checked in full: its types, its encoding, its version. A line that is not what was
asked for ends the stream with `BadData`, which names the file, the line and the mend. A last line
that is still being written is left out, with a warning (`errors.LeftOut`).

`msgspec`'s decoder over the tagged union takes 0.7 µs for a probe row and 7 µs for a persona with
forty views; `msgspec.convert(orjson.loads(line), …)` took 6 and 17 (one thread). It is strict: the
string "0.4" and `true` are no numbers, NaN and Infinity no JSON. Two things it lets through in
fields it skips are looked for here: invalid UTF-8 and nesting without end.
"""

import os
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar, Union

import msgspec

from xmm_cli.command_line import reads_stdin
from xmm_cli.errors import BadData, InputNotFound, LeftOut, WrongUsage
from xmm_cli.rows.diagnosis import (
    TORN,
    explain,
    is_torn,
    kind_of,
    left_out,
    name_kinds,
    newer,
    people_beside,
    wrong_kind,
)
from xmm_cli.rows.paths import PERSONAS, working_folder
from xmm_cli.rows.sources import STDIN, expand, unpacked, unreadable, without_nulls
from xmm_cli.rows.types import ROW_TYPES, SCHEMA, Persona, Row, Run
from xmm_cli.streams import stdin, waits_for_keys

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is no row: it is refused before it fills the memory."""

_BOM = b"\xef\xbb\xbf"
_DECODER: msgspec.json.Decoder[Row] = msgspec.json.Decoder(Union[ROW_TYPES])  # noqa: UP007

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class Located(msgspec.Struct, Generic[R], frozen=True):
    """A row and where it was found."""

    row: R
    raw: bytes
    """The line as it came, without its newline."""
    file: str
    line: int
    folder: Path
    """What relative paths in the row count from: the file's folder; here, if it was a pipe."""

    @property
    def where(self) -> str:
        """`people.jsonl:17`, for messages."""
        return f"{self.file}:{self.line}"


def resolve(folder: Path, path: str) -> Path:
    """The path that a row means by `path`, when the row was found in `folder`.

    Rows that went from stdout into a file of another folder still count from the working
    directory: that is tried where nothing lies beside the file.
    """
    beside = folder / path
    if not beside.exists() and Path(path).exists():
        return Path(path)
    return beside


def read_rows(
    inputs: Sequence[str | Path],
    *,
    want: tuple[type[R], ...],
    skip: tuple[type[Row], ...] = (),
    passing: Callable[[bytes], None] | None = None,
) -> Iterator[Located[R]]:
    """Read the rows of these files or globs (`-`, or none at all, is stdin), in order.

    Rows of a kind in `want` are given; those in `skip` are dropped; `run` rows that are in neither
    go to `passing` as the line they came as. Any other kind is an error. That every input is there
    is looked at now; the lines are read as they are asked for.

    Raises:
        WrongUsage: no file was given and stdin is a terminal, or stdin was named twice.
        InputNotFound: an input is missing, a folder, or unreadable.
        BadData: while reading; a line is not such a row, or the only line is torn.
    """
    names = [file_in(name, want) for name in expand([str(name) for name in inputs])] or [STDIN]
    _check_stdin(names, given=bool(inputs), want=want)
    for name in names:
        if name != STDIN:
            _check_file(name, want)
    return _stream(names, want, skip, passing)


def require_some(
    rows: Iterable[T], inputs: Sequence[str | Path], *, want: tuple[type[Row], ...]
) -> Iterator[T]:
    """The same rows, after making sure that there is one.

    Raises:
        BadData: there is none.
    """
    rest = iter(rows)
    for first in rest:
        return chain([first], rest)
    raise nothing_there(inputs, want)


def nothing_there(inputs: Sequence[str | Path], want: tuple[type[Row], ...]) -> BadData:
    """The error that no row of these kinds is there."""
    names = ["stdin" if str(name) == STDIN else str(name) for name in inputs] or ["stdin"]
    piped = names == ["stdin"]
    hint = "is the previous command's output empty?" if piped else "are these the right files?"
    return BadData(f"{', '.join(names)}: no {name_kinds(want)} rows", hint)


def _check_stdin(names: list[str], *, given: bool, want: tuple[type[Row], ...]) -> None:
    if names.count(STDIN) > 1:
        raise WrongUsage("stdin ('-') is named twice", "it can be read only once")
    if STDIN not in names:
        return
    if stdin() is None:
        raise InputNotFound("stdin: closed", "give a file, or pipe rows in")
    if not given and waits_for_keys():
        raise WrongUsage(
            f"no input: waiting for {name_kinds(want)} rows, but stdin is a terminal",
            "give a file, or pipe the output of another command in",
        )


def file_in(name: str, want: tuple[type[Row], ...]) -> str:
    """The rows of people in a data set's folder, where people are wanted; else the name itself."""
    inside = Path(name) / PERSONAS
    # not `is_file`, which raises where the folder may not be looked into
    there = name != STDIN and Persona in want and os.path.isfile(inside)  # noqa: PTH113
    return str(inside) if there else name


def _check_file(name: str, want: tuple[type[Row], ...]) -> None:
    """Fail now rather than after an hour's work on the inputs before this one."""
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputNotFound(f"{name}: {reason}") from error
    if stat.S_ISDIR(mode):
        inside = [file for file in sorted(Path(name).glob("*.jsonl")) if _begins_with(file, want)]
        none = f"no file in it has {name_kinds(want)} rows"
        raise InputNotFound(
            f"{name}: is a folder", f"did you mean {inside[0]}?" if inside else none
        )
    if not os.access(name, os.R_OK):
        raise InputNotFound(f"{name}: Permission denied")


def _begins_with(file: Path, want: tuple[type[Row], ...]) -> bool:
    """Whether the first row of a file is one of these kinds."""
    try:
        with file.open("rb") as lines:
            return isinstance(decode_line(lines.readline(MAX_LINE_BYTES)), want)
    except OSError:
        return False


def _open(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise InputNotFound(f"{name}: {error.strerror}") from error


@contextmanager
def _opened(name: str) -> Iterator[tuple[BinaryIO, str, Path]]:
    """The stream of an input, its name for messages, and its folder."""
    if name == STDIN and (piped := stdin()) is not None:
        reads_stdin()
        yield unpacked(piped, "stdin"), "stdin", working_folder()
        return
    with _open(name) as file:
        regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        # /dev/fd/63 of a process substitution has no folder of its own
        folder = Path(name).parent if regular else working_folder()
        yield unpacked(file, name), name, folder


def _stream(
    names: Sequence[str],
    want: tuple[type[R], ...],
    skip: tuple[type[Row], ...],
    passing: Callable[[bytes], None] | None,
) -> Iterator[Located[R]]:
    known: tuple[type[Row], ...] = (*want, *skip)
    torn: dict[str, int] = {}
    some = False
    for input_name in names:
        with _opened(input_name) as (stream, name, folder):
            for number, line, ended in _lines(stream, name):
                if not ended and is_torn(line):
                    torn[name] = number
                    break  # what the writer adds meanwhile is the rest of this line
                row = _decode(line, name, number, known)
                some = True
                if isinstance(row, want):
                    yield Located(row, line, name, number, folder)
                elif isinstance(row, skip):
                    continue
                elif isinstance(row, Run):
                    if passing is not None:
                        passing(line)
                else:
                    message, hint = wrong_kind(kind_of(row), want)
                    hint = people_beside(name, number, line, known) or hint
                    _refuse(f"{name}:{number}", (message, hint))
    for name, number in torn.items():
        if not some:
            _refuse(f"{name}:{number}", TORN)
        warnings.warn(left_out(name), LeftOut, stacklevel=1)


def _lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes, bool]]:
    """Number and text of every line that is not blank, and whether it ends with a newline."""
    number = 0
    while True:
        try:
            line = stream.readline(MAX_LINE_BYTES + 1)
        except Exception as error:
            found = unreadable(error, name)
            if found is None:
                raise
            raise found from error
        if not line:
            return
        number += 1
        ended = line.endswith(b"\n")
        if len(line) > MAX_LINE_BYTES and not ended:
            limit = MAX_LINE_BYTES // 2**20
            _refuse(f"{name}:{number}", (f"a line of more than {limit} MiB", "is this JSONL?"))
        if number == 1 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        line = line.rstrip(b"\r\n")
        if line and not line.isspace():
            yield number, line, ended


def _decode(line: bytes, name: str, number: int, known: tuple[type[Row], ...]) -> Row:
    try:
        if not line.isascii():
            line.decode()
        row = _decoded(line)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        message, hint = explain(line, error, known)
        hint = people_beside(name, number, line, known) or hint
        raise BadData(f"{name}:{number}: {message}", hint) from error
    if row.schema > SCHEMA:
        _refuse(f"{name}:{number}", newer(row.schema))
    return row


def decode_line(line: bytes) -> Row | None:
    """The row on a line; None where it is none."""
    try:
        return _decoded(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _decoded(line: bytes) -> Row:
    """The row of a line; of a line that DuckDB wrote, too, where null stands for what is absent."""
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        try:
            kept = without_nulls(line)
        except (msgspec.MsgspecError, RecursionError):
            raise error from None
        return _DECODER.decode(kept)


def _refuse(where: str, diagnosis: tuple[str, str | None]) -> None:
    message, hint = diagnosis
    raise BadData(f"{where}: {message}", hint)
