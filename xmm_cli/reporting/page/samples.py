"""A handful of questions with what the model was shown and what it said, right and wrong."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from xmm_cli.errors import InputNotFound, XmmError
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.reader import read_rows, resolve
from xmm_cli.rows.types import Checkpoint, ImageView, Modality, Persona, Probe, TextView

EACH = 3
"""Samples of each kind: shown or described, right or wrong."""
WIDEST_PX = 192
MOST_BYTES = 20_000_000
"""A larger file is not opened as a picture."""

Kind = tuple[Modality, bool]


@dataclass(frozen=True, slots=True)
class Sample:
    """One question and its answer."""

    row: Probe
    picture: str | None
    """A data URI of a PNG; None where the picture was not found, or none was shown."""
    text: str | None
    """The description, likewise."""


@dataclass(slots=True)
class Samples:
    """Chooses samples while rows stream past, then finds what was shown.

    The first answers of each kind are taken, each of another person, from held-out questions to
    trained models whose view was not tampered with.
    """

    chosen: dict[Kind, list[tuple[Probe, Path]]] = field(default_factory=dict)
    personas: dict[str, list[tuple[Persona, Path]]] = field(default_factory=dict)
    files: dict[Path, None] = field(default_factory=dict)
    """Files of persona rows that checkpoint rows name."""

    def add(self, row: Probe, folder: Path) -> None:
        """Look at one row; `folder` is what its paths count from."""
        plain = row.source is not None and row.split == "heldout" and row.role == "eval"
        if not plain or row.correct is None or row.answer is None or row.task != "name":
            return
        if row.condition.get("control"):
            return
        kept = self.chosen.setdefault((row.modality, row.correct), [])
        if len(kept) < EACH and all(row.persona != other.persona for other, _ in kept):
            kept.append((row, folder))

    def add_persona(self, row: Persona, folder: Path) -> None:
        """Remember a person of the stream."""
        self.personas.setdefault(row.id, []).append((row, folder))

    def add_checkpoint(self, row: Checkpoint, folder: Path) -> None:
        """Remember where the people of a checkpoint are."""
        self.files[resolve(folder, row.personas)] = None

    def found(self) -> list[Sample]:
        """The samples, pictures before descriptions, right before wrong."""
        order: list[Kind] = [(m, right) for m in ("image", "text") for right in (True, False)]
        chosen = [one for kind in order for one in self.chosen.get(kind, [])]
        self._read_people({row.persona for row, _ in chosen}, chosen)
        return [self._sample(row) for row, _ in chosen]

    def _read_people(self, wanted: set[str], chosen: list[tuple[Probe, Path]]) -> None:
        """Persona rows from the checkpoints of the chosen rows, and from files named by rows."""
        files = dict(self.files)
        for row, folder in chosen:
            if row.checkpoint is not None:
                files[resolve(folder, row.checkpoint) / "personas.jsonl"] = None
        for file in files:
            if all(self._is_there(row) for row, _ in chosen):
                return
            try:
                if not file.is_file():
                    continue  # a row may name anything: a pattern, a pipe that never answers
                for one in read_rows([file], want=(Persona,)):
                    if one.row.id in wanted:
                        self.add_persona(one.row, one.folder)
            except (XmmError, OSError):
                continue  # a sample without its picture is still a sample

    def _is_there(self, row: Probe) -> bool:
        """Whether what was shown is among the people known so far."""
        if row.modality == "text":
            return any(True for _ in self._texts(row))
        return any(picture.is_file() for picture in self._pictures(row))

    def _sample(self, row: Probe) -> Sample:
        if row.modality == "text":
            return Sample(row, None, next(self._texts(row), None))
        found = (_data_uri(picture) for picture in self._pictures(row))
        return Sample(row, next((one for one in found if one), None), None)

    def _texts(self, row: Probe) -> Iterator[str]:
        for persona, _ in self.personas.get(row.persona, []):
            yield from (one.text for one in persona.texts if _is_view(one, row))

    def _pictures(self, row: Probe) -> Iterator[Path]:
        for persona, folder in self.personas.get(row.persona, []):
            yield from (resolve(folder, v.path) for v in persona.images if _is_view(v, row))


def _is_view(one: ImageView | TextView, row: Probe) -> bool:
    return (one.view, one.split) == (row.view, row.split)


def _data_uri(path: Path) -> str | None:
    """The picture, made anew as a small PNG: nothing else of the file gets into the page."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        picture = read_picture(path)
    except (OSError, InputNotFound):
        return None
    picture.thumbnail((WIDEST_PX, WIDEST_PX))
    file = BytesIO()
    picture.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
