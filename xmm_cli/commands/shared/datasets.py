"""Data sets as commands make them: drawn or imported, described, written, told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from xmm_cli.console import say
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Persona
from xmm_cli.rows.writer import RowWriter

if TYPE_CHECKING:
    from xmm_cli.personas.importing.imported import ImportRequest, ImportSource
    from xmm_cli.personas.request import Request


@dataclass(frozen=True, slots=True)
class MadePeople:
    """People that are made."""

    again: ClassVar = "drawing what is missing"

    request: "Request"
    folder: Path
    processes: int
    device: str | None

    @property
    def quick(self) -> bool:
        """Whether the first of them is there at once."""
        return self.request.diffusion is msgspec.UNSET

    def begin(self, run_id: Callable[[], str]) -> tuple[int, Iterator[Persona]]:
        """How many there will be, and each as soon as it is drawn."""
        from xmm_cli.personas.dataset import make_personas
        from xmm_cli.personas.rendering import RENDERERS

        request = self.request
        painter = None
        if request.diffusion is not msgspec.UNSET:
            renderer = RENDERERS.load(request.renderer)
            painter = renderer.painter(request.diffusion, request.size, self.device, say.note)
        made = make_personas(
            request, self.folder, run=run_id(), processes=self.processes, painter=painter
        )
        return request.people + request.aux, self._told(made, painter)

    def _told(self, made: Iterator[Persona], painter: Any) -> Iterator[Persona]:
        yield from made
        if painter is not None and painter.redrawn:
            say.note(f"{painter.redrawn} views were too alike or without a face, and drawn again")
        if painter is not None and painter.given_up:
            say.warn(f"{painter.given_up} views are still too alike or without a face")

    def finish(self, rows: list[Persona]) -> None:
        """Write the tables."""
        from xmm_cli.personas.dataset import write_tables

        write_tables(rows, self.request, self.folder)


@dataclass(slots=True)
class Import:
    """People that are imported."""

    again: ClassVar = "writing its files anew"
    quick: ClassVar = False

    request: "ImportRequest"
    source: "ImportSource"
    folder: Path
    found: Any = None

    def begin(self, run_id: Callable[[], str]) -> tuple[int, Iterator[Persona]]:
        """How many there may be, and each as soon as their pictures are written."""
        from xmm_cli.personas.importing.imported import look, write_people

        for note in self.source.dropped.notes():
            say.note(note)
        self.found = look(self.request, self.source)
        return len(self.found.people), write_people(
            self.found, self.request, self.folder, run=run_id()
        )

    def finish(self, rows: list[Persona]) -> None:
        """Write the tables, and say what was dropped.

        Raises `BadData` where no one is left, and then leaves the folder to the next import.
        """
        from xmm_cli.errors import BadData
        from xmm_cli.personas.croissant import of_imported
        from xmm_cli.personas.data_card import imported_card, lone_note
        from xmm_cli.personas.dataset import release_folder, write_files

        dropped = self.found.dropped.lines()
        for line in dropped:
            say.warn(line)
        for line in self.found.notes.lines():
            say.note(line)
        if not rows:
            release_folder(self.folder)
            raise BadData(f"{self.source.path}: no one has a usable picture or description")
        self._warn_of_few(rows)
        note = lone_note(self.found) if self.request.describe is msgspec.UNSET else ""
        if note:
            say.warn(note)
        name = self.source.path.name
        card = imported_card(rows, self.request, self.found, name)
        write_files(rows, card, of_imported(self.request, name), self.folder)

    def end(self) -> None:
        """Raise `PartlyFailed` where files, rows or people were left out."""
        from xmm_cli.errors import PartlyFailed

        lost = self.found.dropped.lost
        if lost:
            raise PartlyFailed(
                f"{self.source.path}: {lost} files, rows or people left out, the rest is written",
                f"{self.folder / 'README.md'} names each",
            )

    def _warn_of_few(self, rows: list[Persona]) -> None:
        """Say where there are fewer people than were asked for."""
        asked = {"eval": self.request.people or 0, "aux": self.request.aux}
        for role, what in (("eval", "people"), ("aux", "auxiliary people")):
            count = sum(one.role == role for one in rows)
            if count < asked[role]:
                say.warn(f"{count} {what}, of {asked[role]} asked for")


def make(job: MadePeople | Import, device: str | None, sheet: Path | None) -> None:
    """Make or go on with the data set, and write its rows."""
    from xmm_cli.personas.dataset import claim_folder

    request, out = job.request, job.folder
    recorder = RunRecorder("gen-personas", _arguments(request), seed=request.seed)
    captioner = None
    if request.describe is not msgspec.UNSET:
        from xmm_cli.commands.shared.devices import check_python
        from xmm_cli.personas.captioning import Captioner

        check_python()
        captioner = Captioner(request.describe, device)
    total, made = job.begin(lambda: recorder.id)
    if claim_folder(request, out):
        say.note(f"{out}: the same request was begun before; {job.again}")
    if job.quick:  # the processes that draw are forked before the bar has its thread
        made = chain(list(islice(made, 1)), made)
    writer = RowWriter(keep_going=True)
    rows = []
    with say.progress(total, "writing" if isinstance(job, Import) else "drawing", "people") as bar:
        for persona in made:
            done = captioner.describe(persona, out) if captioner else persona
            rows.append(done)
            writer.write(_from_here(done, out))
            bar.advance()
    job.finish(rows)
    for line in captioner.notes() if captioner else ():
        say.warn(line)
    if sheet is not None:
        from xmm_cli.personas.sheet import write_sheet

        write_sheet(rows, out, sheet)
    aux = sum(one.role == "aux" for one in rows)
    say.note(f"{out}: {len(rows) - aux} people, {aux} auxiliary people")
    writer.write(recorder.row())
    if isinstance(job, Import):
        job.end()


def weights_in(model: str | None) -> str | msgspec.UnsetType:
    """The digest of a model's weights where it is a folder here; unset for any other."""
    from xmm_cli.models.weights_digest import weights_digest

    if model is None or not Path(model).is_dir():
        return msgspec.UNSET
    return weights_digest(model) or msgspec.UNSET


def _arguments(request: "Request | ImportRequest") -> dict[str, object]:
    """A request in flat names."""
    found: dict[str, object] = msgspec.to_builtins(request)
    inner = found.pop("diffusion", None)
    return found | (inner if isinstance(inner, dict) else {})


def _from_here(persona: Persona, folder: Path) -> Persona:
    """The row with paths that count from the working directory, as rows in a pipe do."""
    images = tuple(
        msgspec.structs.replace(view, path=str(folder / view.path)) for view in persona.images
    )
    return msgspec.structs.replace(persona, images=images)
