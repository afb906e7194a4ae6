"""The commands as Python functions: `import xmm_cli` gives them (see `xmm help python`).

A function is a command's `run` with a signature made from its options class: the option
`--batch-size` is the keyword `batch_size`. Rows that are given go in as through a pipe, and rows
that come out are collected; nothing is printed.
"""

import inspect
import keyword
import os
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_args

import msgspec

from xmm_cli.commands.shared.signature import built, flagged
from xmm_cli.console import say
from xmm_cli.errors import (
    CannotWrite,
    Doubtful,
    LeftOut,
    PartlyFailed,
    SingleColour,
    Unavailable,
    WrongUsage,
    no_room,
)
from xmm_cli.flags import Flag, Positional
from xmm_cli.rows.paths import from_here
from xmm_cli.rows.reader import STDIN, resolve
from xmm_cli.rows.reader import read_rows as located_rows
from xmm_cli.rows.types import ROW_TYPES, Checkpoint, Finding, Persona, Probe, Row, Run, Trace
from xmm_cli.rows.writer import encode
from xmm_cli.streams import instead

R = TypeVar("R", bound=Row)
RowsOrFiles = str | Path | Row | Iterable[str | Path | Row] | None
"""Rows, or files, folders and globs, as a command takes them; or several."""

_ONE_AT_A_TIME = threading.RLock()
"""What warns and speaks belongs to the whole process."""


class Rows(list[R], Generic[R]):
    """The rows that a command wrote; `runs` are the `run` rows, which say how they were made."""

    def __init__(self, rows: Iterable[R] = (), runs: Iterable[Run] = ()) -> None:
        super().__init__(rows)
        self.runs = list(runs)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword of a function, and the option that it is."""

    keyword: str
    field: str
    kind: Any
    """The type, without what the command line adds to it."""
    default: Any
    flag: Flag
    help: str

    @property
    def spelled(self) -> str:
        """The option on the command line."""
        return next((one for one in self.flag.names.split() if one.startswith("--")), "") or (
            f"--{self.field.replace('_', '-')}"
        )


def options_of(name: str) -> tuple[bool, list[Keyword]]:
    """Whether a command (by the name of its function) takes inputs, and its options."""
    module = import_module(f"xmm_cli.commands.{name}")
    known: Mapping[str, Iterable[str]] = getattr(module, "KNOWN", {})
    found, takes_inputs = [], False
    for field, hint, default in flagged(inspect.get_annotations(module.run)["options"]):
        kind, flag = get_args(hint)
        if isinstance(flag, Positional):
            takes_inputs = True
            continue
        long = next((one for one in flag.names.split() if one.startswith("--")), field)
        word = long.removeprefix("--").replace("-", "_")
        word += "_" * keyword.iskeyword(word)
        kind = kind | None if default is None else kind
        help = flag.help.replace("{known}", ", ".join(known.get(field, ())))
        found.append(Keyword(word, field, kind, default, flag, help))
    return takes_inputs, found


def function(name: str) -> Callable[..., Any]:
    """The Python function of this name."""
    module = import_module(f"xmm_cli.commands.{name}")
    takes_inputs, options = options_of(name)
    by_keyword = {option.keyword: option for option in options}
    signature = _signature(takes_inputs, options)

    def call(*arguments: Any, **keywords: Any) -> Any:
        bound = signature.bind(*arguments, **keywords).arguments
        quiet = bound.pop("quiet", True)
        names, piped = _given(bound.pop("inputs", None))
        chosen = {by_keyword[word]: value for word, value in bound.items()}
        values = {option.field: _default(option) for option in options}
        values |= {option.field: _checked(option, value) for option, value in chosen.items()}
        given = {option.field: option.spelled for option in chosen}
        takes = inspect.get_annotations(module.run)
        more = (given,) if "given" in takes else ()
        with _quietly(quiet), instead(piped) as written:
            module.run(built(takes["options"], values | {"inputs": names}), *more)
        if name == "report" or values.get("plan") or values.get("questions"):
            return written.getvalue().decode()  # text, and no rows of xmm
        resumed = values.get("resume")
        return read_rows(resumed) if resumed is not None else _decoded(written.getvalue())

    call.__name__ = call.__qualname__ = name
    call.__module__ = "xmm_cli"
    call.__doc__ = _documented(module.run.__doc__ or "", options)
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def findings(inputs: RowsOrFiles, **options: Any) -> Rows[Finding]:
    """What the study finds in `probe` and `trace` rows, as `report(findings=True)` shows it."""
    text = function("report")(inputs, findings=True, format="jsonl", **options)
    return _decoded(text.encode())


def read_rows(inputs: RowsOrFiles) -> Rows[Any]:
    """The rows of files or globs (also gzip, zstd and Parquet), of all kinds.

    Paths in rows are given as counted from the working directory.
    Raises `InputNotFound`, and `BadData`, which names file and line.
    """
    names, piped = _given(inputs)
    with _quietly(True), instead(piped):
        rows = [_from_here(one.row, one.folder) for one in located_rows(names, want=ROW_TYPES)]
    return _parted(rows)


def to_pandas(rows: Iterable[Row]) -> Any:
    """A `pandas.DataFrame` with a line for each row; a label is a column `condition.LABEL`.

    Raises `Unavailable` where pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise Unavailable("pandas is not installed", "pip install pandas") from error
    return pandas.json_normalize([msgspec.to_builtins(row) for row in rows])


def _signature(takes_inputs: bool, options: Sequence[Keyword]) -> inspect.Signature:
    """Inputs may be given by place, options by keyword alone."""
    place, by_name = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("inputs", place, default=None, annotation=RowsOrFiles)]
    parameters = parameters if takes_inputs else []
    for option in options:
        parameters.append(
            inspect.Parameter(
                option.keyword, by_name, default=option.default, annotation=option.kind
            )
        )
    parameters.append(inspect.Parameter("quiet", by_name, default=True, annotation=bool))
    return inspect.Signature(parameters)


def _documented(about: str, options: Sequence[Keyword]) -> str:
    lines = [f"    {one.keyword} ({one.spelled}): {one.help}" for one in options]
    more = "    quiet: False to see notes and progress on stderr."
    return "\n".join([inspect.cleandoc(about), "", "Options:", *lines, more])


def _default(option: Keyword) -> Any:
    """What an option is where it is not given; some are read from a variable."""
    return os.environ.get(option.flag.env, option.default) if option.flag.env else option.default


def _checked(option: Keyword, value: Any) -> Any:
    """The value as its type. Raises `WrongUsage` where it has another, or is out of range."""
    least, most = option.flag.min, option.flag.max
    try:
        made = msgspec.convert(value, option.kind, dec_hook=lambda kind, given: kind(given))
        if isinstance(made, int | float):
            msgspec.convert(made, Annotated[type(made), msgspec.Meta(ge=least, le=most)])
    except (msgspec.ValidationError, TypeError) as error:
        raise WrongUsage(f"{option.keyword}={value!r}: {error}", option.help) from error
    return made


def _given(inputs: RowsOrFiles) -> tuple[list[str], bytes | None]:
    """Inputs as a command takes them, and the rows among them as lines."""
    several = [inputs] if isinstance(inputs, str | Path | Row) else [] if inputs is None else inputs
    runs = inputs.runs if isinstance(inputs, Rows) else []
    names: list[str] = []
    lines: list[bytes] = []
    for one in several:
        if not isinstance(one, Row):
            names.append(str(one))
            continue
        lines.append(encode(one))
    if lines:
        names.append(STDIN)
    return names, b"".join([*lines, *map(encode, runs)]) if lines else None


@contextmanager
def _quietly(quiet: bool) -> Iterator[None]:
    """Inside the block xmm's own warnings are Python's, and told at its end; others are dropped.

    Raises `CannotWrite` where there is no room. What was partly done is a warning.
    """
    with _ONE_AT_A_TIME:
        before = say.quiet, say.warned
        say.quiet, say.warned = quiet, lambda text: warnings.warn(text, Doubtful, stacklevel=2)
        said: list[Warning] = []
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("ignore")
                for kind in (Doubtful, SingleColour):
                    warnings.filterwarnings("always", category=kind)
                try:
                    yield
                except PartlyFailed as error:
                    said.append(LeftOut(str(error)))
                except OSError as error:
                    if reason := no_room(error):
                        raise CannotWrite(f"{error.filename or 'output'}: {reason}") from error
                    raise
                finally:
                    said += _own(caught)
        finally:
            say.quiet, say.warned = before
            for one in said:
                warnings.warn(one, stacklevel=5)


def _own(caught: Sequence[warnings.WarningMessage]) -> list[Warning]:
    """What xmm itself warned of; pictures of a single colour all at once."""
    messages = [one.message for one in caught if isinstance(one.message, Warning)]
    flat = [one for one in messages if isinstance(one, SingleColour)]
    told = [one for one in messages if not isinstance(one, SingleColour)]
    if flat:
        text = f"pictures that show a single colour: {len(flat)} (first: {flat[0]})"
        told.append(SingleColour(text))
    return told


def _decoded(lines: bytes) -> Rows[Any]:
    """Lines that a command wrote as rows."""
    with instead(lines):
        return _parted([one.row for one in located_rows([STDIN], want=ROW_TYPES)])


def _parted(rows: Iterable[Row]) -> Rows[Any]:
    """Rows, and apart from them what says how they were made."""
    every = list(rows)
    runs = [row for row in every if isinstance(row, Run)]
    return Rows([row for row in every if not isinstance(row, Run)], runs)


def _from_here(row: Row, folder: Path) -> Row:
    """The row with paths that count from the working directory."""

    def moved(path: str) -> str:
        return from_here(Path(), str(resolve(folder, path)))

    replace = msgspec.structs.replace
    if isinstance(row, Persona):
        return replace(row, images=tuple(replace(one, path=moved(one.path)) for one in row.images))
    if isinstance(row, Probe | Trace) and row.checkpoint is not None:
        return replace(row, checkpoint=from_here(folder, row.checkpoint))
    if isinstance(row, Checkpoint):
        return replace(row, path=moved(row.path), personas=moved(row.personas))
    return row
