"""The inputs of a query as files of JSON lines that DuckDB can read."""

import re
import shutil
import stat
import warnings
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from glob import escape as glob_escape
from itertools import groupby
from mmap import ACCESS_READ, mmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, NoReturn, TypeVar

from xmm_cli.command_line import reads_stdin
from xmm_cli.errors import BadData, CannotWrite, InputNotFound, LeftOut
from xmm_cli.garbage import none_is_made
from xmm_cli.rows.database import limits
from xmm_cli.rows.diagnosis import TORN, is_torn, left_out
from xmm_cli.rows.failures import NO_ROOM, of_the_machine
from xmm_cli.rows.packed import (
    MAGIC,
    MAGIC_AT,
    lines_of_database,
    lines_of_parquet,
    quoted,
    start_of,
)
from xmm_cli.rows.paths import working_folder
from xmm_cli.rows.reader import MAX_LINE_BYTES, Located, decode_line, file_in, read_rows
from xmm_cli.rows.sources import (
    GZIP,
    PARQUET,
    STDIN,
    ZSTD,
    end_of_lines,
    expanded,
    unpacked,
    unreadable,
)
from xmm_cli.rows.types import ROW_TYPES, SCHEMA, Row, Run
from xmm_cli.streams import stdin

AT_ONCE = 1 << 20
"""Bytes copied at once."""
NO_ROOM_HINT = "make room there, or name another folder with TMPDIR"
USUAL_LINE_BYTES = 1 << 24
"""A file of lines that may be longer is read in fewer and larger pieces, twice as slow."""
MOST_MEMORY_MIB = 512
"""What counting may hold in DuckDB; more is spilled to a temporary folder."""
R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of JSON lines, and what a user calls it."""

    path: Path
    name: str
    folder: Path
    """What relative paths in its rows count from."""
    torn: bool = False
    """Whether a last line that is not whole was left out."""


@dataclass(slots=True)
class Inputs:
    """Rows of files and pipes, to be queried by DuckDB while they are open.

    `connection` is a database in memory that spills to a temporary folder.
    """

    connection: Any
    sources: list[InputFile]

    def by_folder(self) -> list[tuple[Path, list[InputFile]]]:
        """The sources in order, those in a row together whose paths count from one folder."""
        return [
            (folder, list(sources))
            for folder, sources in groupby(self.sources, key=lambda source: source.folder)
        ]

    def relation(self, sources: Sequence[InputFile], columns: Mapping[str, str]) -> str:
        """A FROM clause over the lines of these sources, with these SQL types of fields."""
        files = ", ".join(quoted(glob_escape(str(source.path))) for source in sources)
        typed = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items())
        return (
            f"read_json([{files}], format = 'newline_delimited', records = 'true', "
            f"maximum_object_size = {USUAL_LINE_BYTES}, compression = 'none', "
            f"hive_partitioning = false, columns = {{{typed}}})"
        )

    def execute(self, query: str, sources: Sequence[InputFile]) -> Any:
        """Run a query over these sources.

        Raises `BadData`, with file and line, where a line is no row.
        """
        import duckdb

        try:
            return self.connection.execute(query)
        except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException):
            raise  # a defect of the query
        except duckdb.Error as error:
            if failure := of_the_machine(error):
                raise failure from error
            reason = str(error).splitlines()[0]
            if "maximum_object_size" in reason and str(USUAL_LINE_BYTES) in query:
                long = query.replace(str(USUAL_LINE_BYTES), str(MAX_LINE_BYTES))
                return self.execute(long, sources)
            self.explain(sources, ROW_TYPES, reason)

    def explain(
        self, sources: Sequence[InputFile], want: tuple[type[Row], ...], reason: str
    ) -> NoReturn:
        """Read line by line, to name the line that is no such row. Raises `BadData`."""
        for source in sources:
            try:
                for _ in read_rows([source.path], want=want, skip=(Run,)):
                    continue
            except BadData as error:
                message = error.message.replace(str(source.path), source.name)
                raise BadData(message, error.hint) from error
        names = ", ".join(source.name for source in sources)
        raise BadData(f"{names}: {reason}", "are all of its lines rows of xmm?")

    def rows_of(self, *kinds: type[R]) -> Iterator[Located[R]]:
        """The rows of rare kinds, found by their `kind` without a look at the other lines.

        Raises `BadData` as `explain` does.
        """
        for source in self.sources:
            for located in _rows_of(source, kinds):
                if located.row is None or located.row.schema > SCHEMA:
                    self.explain([source], ROW_TYPES, "a line that is no row")
                elif isinstance(located.row, kinds):
                    yield located


@contextmanager
def open_inputs(inputs: Sequence[str]) -> Iterator[Inputs]:
    """The rows of these files or globs; `-`, or none at all, is stdin. Raises as `sources`."""
    import duckdb

    with TemporaryDirectory(prefix="xmm-sql-") as name:
        folder = Path(name)
        settings = {**limits(folder), "memory_limit": f"{MOST_MEMORY_MIB}MiB"}
        # counts are many small things, and none of them garbage before the end
        with none_is_made(), duckdb.connect(config=settings) as connection:
            yield Inputs(connection, sources(connection, inputs, folder))


def _rows_of(source: InputFile, kinds: tuple[type[Row], ...]) -> Iterator[Located[Any]]:
    """The lines of a source that seem to be of these kinds; the row is None where it is none."""
    if not source.path.stat().st_size:
        return
    tags = b"|".join(str(kind.__struct_config__.tag).encode() for kind in kinds)
    pattern = re.compile(rb'"kind"\s*:\s*"(?:' + tags + rb')"')
    with source.path.open("rb") as file:
        lines = mmap(file.fileno(), 0, access=ACCESS_READ)
    end = 0
    for match in pattern.finditer(lines):
        if match.start() < end:
            continue  # the same words inside a line that was read
        start = lines.rfind(b"\n", 0, match.start()) + 1
        end = lines.find(b"\n", match.end())
        end = len(lines) if end < 0 else end
        line = lines[start:end].rstrip(b"\r")
        yield Located(decode_line(line), line, source.name, 0, source.folder)


def sources(connection: Any, inputs: Sequence[str], folder: Path) -> list[InputFile]:
    """The inputs as files of lines; stdin and what is packed are copied into `folder` first.

    A last line that is torn is left out, with a warning.

    Raises:
        WrongUsage: no input, and stdin is a terminal.
        InputNotFound: one is missing, or no file matches a pattern.
        BadData: a packed file that is damaged, or torn lines and nothing else.
    """
    names = [file_in(name, ROW_TYPES) for name in expanded(inputs)]
    read_rows(names, want=ROW_TYPES)  # says what is missing before anything is read
    found: list[InputFile] = []
    torn: list[InputFile] = []
    for place, name in enumerate(names or [STDIN]):
        try:
            source = _lines(connection, name, folder / f"{place}.jsonl")
            whole = _whole_lines(source, folder / f"{place}.whole.jsonl")
        except OSError as error:
            if error.errno in NO_ROOM:
                raise CannotWrite(f"{folder}: {error.strerror}", NO_ROOM_HINT) from error
            raise InputNotFound(f"{name}: {error.strerror}") from error
        found.append(whole)
        if whole.torn:
            torn.append(whole)
    if torn and not any(_has_lines(source.path) for source in found):
        line = torn[0].path.read_bytes().count(b"\n") + 1
        raise BadData(f"{torn[0].name}:{line}: {TORN[0]}", TORN[1])
    for source in torn:
        warnings.warn(left_out(source.name), LeftOut, stacklevel=1)
    return found


def _has_lines(path: Path) -> bool:
    with path.open("rb") as file:
        return any(not line.isspace() for line in file)


def _lines(connection: Any, name: str, copy: Path) -> InputFile:
    """An input as a file of lines: itself, or a copy."""
    if name == STDIN or not stat.S_ISREG(Path(name).stat().st_mode):
        source = InputFile(copy, "stdin" if name == STDIN else name, working_folder())
        raw = copy.with_suffix(".raw")
        if name == STDIN:
            reads_stdin()
        with nullcontext(stdin()) if name == STDIN else Path(name).open("rb") as pipe:
            if pipe is not None:  # that it is closed was said before
                _copied(pipe, raw, source.name)
    else:
        raw = Path(name)
        source = InputFile(copy, name, raw.parent)
    start = start_of(raw)
    if start.startswith(PARQUET):
        lines_of_parquet(connection, raw, copy, source.name)
    elif start[MAGIC_AT:] == MAGIC:
        lines_of_database(connection, raw, copy, source.name)
    elif start.startswith((ZSTD, GZIP)):
        with raw.open("rb") as packed:
            _copied(unpacked(packed, source.name), copy, source.name)
    else:
        return replace(source, path=raw)
    return source


def _copied(stream: BinaryIO, copy: Path, name: str) -> None:
    """Copy a stream. Raises `BadData` or `InputNotFound` where it cannot be read to its end."""
    with copy.open("wb") as file:
        while True:
            try:
                some = stream.read(AT_ONCE)
            except Exception as error:
                found = unreadable(error, name)
                if found is None:
                    raise
                raise found from error
            if not some:
                return
            file.write(some)


def _whole_lines(source: InputFile, copy: Path) -> InputFile:
    """The same, or a copy without its last line, if that is torn, and without a mark at its start.

    Not every DuckDB takes the byte order mark that editors put there.
    """
    with source.path.open("rb") as file:
        marked = file.read(len(BOM_UTF8)) == BOM_UTF8
        file.seek(end := end_of_lines(file.fileno()))
        last = file.read(MAX_LINE_BYTES + 1)
        torn = len(last) <= MAX_LINE_BYTES and is_torn(last)
        if not torn and not marked:
            return source
        start = len(BOM_UTF8) if marked else 0
        file.seek(start)
        with copy.open("wb") as whole:
            shutil.copyfileobj(file, whole)
            if torn:
                whole.truncate(max(end - start, 0))
    return replace(source, path=copy, torn=torn)
