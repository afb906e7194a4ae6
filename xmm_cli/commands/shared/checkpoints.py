"""Checkpoints and people as commands are given them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from xmm_cli import processes
from xmm_cli.console import say
from xmm_cli.errors import BadData, CannotWrite, InputNotFound, WrongUsage
from xmm_cli.models.checkpoint import is_checkpoint, located, read_checkpoint
from xmm_cli.models.loading import SHIPPED
from xmm_cli.models.places import find_base, spelled_out
from xmm_cli.models.weights_digest import weights_digest
from xmm_cli.rows.home import at_home
from xmm_cli.rows.lock import claimed
from xmm_cli.rows.people import People, PersonaKey
from xmm_cli.rows.reader import STDIN, Located, read_rows, require_some
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint, Persona


def checkpoints(
    inputs: Sequence[str],
    recorder: RunRecorder,
    passing: Callable[[bytes], None],
    base: str | None = None,
) -> Iterator[Checkpoint]:
    """The checkpoint of each folder and each row, paths counted from the working directory.

    Their bases are looked for where they may lie now; `base` is where a user says.
    An input is a checkpoint's folder, a file of rows, or `-`; stdin, if there is none.
    Raises as `read_checkpoint` and `read_rows` do.
    """
    if list(inputs).count(STDIN) > 1:
        raise WrongUsage("stdin ('-') is named twice", "it can be read only once")
    for name in inputs or [STDIN]:
        if name != STDIN and Path(name).is_dir():
            row = read_checkpoint(Path(name))
            recorder.saw(row)
            find_base(row, base)
            yield row
            continue
        if name in SHIPPED and not Path(name).exists():
            hint = f"to ask a base that was taught nothing: --base {name} --personas FOLDER"
            raise InputNotFound(f"{name}: a base, not a checkpoint", hint)
        source = [name] if inputs else []
        found = read_rows(source, want=(Checkpoint,), passing=passing)
        for one in require_some(found, source, want=(Checkpoint,)):
            recorder.saw(one.row)
            row = one.row if name == STDIN else located(one.row, one.folder)
            find_base(row, base)
            yield row


def whole_base(name: str) -> str:
    """A base's name, with the whole path where it is a folder."""
    return name if name in SHIPPED else spelled_out(name)


def known_by_weights(recorder: RunRecorder, base: str | None) -> None:
    """Let a base that is a folder be its weights in the run's id, wherever it lies."""
    if base is None or base in SHIPPED or not Path(base).is_dir():
        return
    digest = weights_digest(base)
    if digest is not None:
        recorder.known_as["base"] = digest


def people_of(file: Path, recorder: RunRecorder, key: PersonaKey | None = None) -> People:
    """The persona rows of a file, with the folder their paths count from.

    Raises as `read_rows` and `noted` do.
    """
    rows = require_some(read_rows([file], want=(Persona,)), [file], want=(Persona,))
    return noted(rows, recorder, key)


def noted(
    rows: Iterable[Located[Persona]], recorder: RunRecorder, key: PersonaKey | None = None
) -> People:
    """Persona rows that a run has seen, with the folder their paths count from.

    Raises `BadData` where two have the same `key`: whom the command could not tell apart.
    """
    people: list[tuple[Persona, Path]] = []
    first: dict[object, Persona] = {}
    for row in rows:
        if key is not None:
            other = first.setdefault(key(row.row), row.row)
            if other is not row.row:
                raise _second(row, other)
        recorder.saw(row.row)
        people.append(at_home(row.row, row.folder))
    return people


def _second(row: Located[Persona], first: Persona) -> BadData:
    """What is wrong with a second person of the same id."""
    what = f"{row.where}: a second person {row.row.id!r}"
    if row.row.dataset != first.dataset:
        hint = "here ids say who is meant: give people of one data set"
        return BadData(f"{what}, of another data set ({row.row.dataset or 'not named'})", hint)
    if row.row.dataset is None:
        return BadData(what, "rows of gen-personas name their data set: make them again")
    return BadData(f"{what} of the data set {first.dataset}", "give each person once")


def finished(folder: Path, run_id: str, overwrite: bool) -> Checkpoint | None:
    """The checkpoint that an earlier run of the same command left in `folder`, if one did.

    Raises `CannotWrite` where the folder holds anything else that may not be overwritten.
    """
    if overwrite or not folder.exists():
        return None
    if is_checkpoint(folder):
        found = read_checkpoint(folder)
        if found.run == run_id:
            say.note(f"{folder}: this checkpoint is there already")
            return found
        raise CannotWrite(
            f"{folder}: holds a checkpoint of another run", "give another --out, or --overwrite"
        )
    if not folder.is_dir() or any(folder.iterdir()):
        raise CannotWrite(f"{folder}: is there and no checkpoint", "give another --out")
    return None


def made_once(
    folder: Path, run_id: str, overwrite: bool, make: Callable[[], None]
) -> list[Checkpoint]:
    """The checkpoints of a run: those in `folder` if it was finished before, else made now.

    No other run may write to the folder in the meantime; of several processes of one run the first
    sees to that. Raises `CannotWrite` as `finished` and `claimed` do, and what `make` raises.
    """
    from xmm_cli.training.run.saved_steps import along, hidden_folder, settle

    def is_there() -> bool:
        return finished(folder, run_id, overwrite) is not None

    def settled() -> bool:
        if not overwrite:
            settle(folder, run_id)
        return is_there()

    begun = processes.on_first(lambda: hidden_folder(folder, run_id).is_dir())
    if begun or not processes.on_first(is_there):
        with ExitStack() as stack:
            processes.on_first(lambda: _enter(stack, folder))
            if not processes.on_first(settled):
                make()
    return processes.on_first(lambda: along(folder))


def _enter(stack: ExitStack, folder: Path) -> None:
    stack.enter_context(claimed(folder))
