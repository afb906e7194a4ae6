"""A handful of questions with what the model was shown and what it said, right and wrong."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

from xmm_cli.errors import InputNotFound, XmmError
from xmm_cli.models.labels import RETRAIN, unlearned_by
from xmm_cli.rows.home import at_home
from xmm_cli.rows.inputs import Inputs
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.reader import decode_line, read_rows, resolve
from xmm_cli.rows.types import (
    MODALITIES,
    Checkpoint,
    ImageView,
    Modality,
    Persona,
    Probe,
    TextView,
)

EACH = 3
"""Samples of each kind: shown or described, right or wrong."""
WIDEST_PX = 192
MOST_BYTES = 20_000_000
"""A larger file is not opened as a picture."""

Kind = tuple[Modality, bool]
Who = tuple[str | None, str]
"""Data set and id."""
_COLUMNS = dict.fromkeys(("kind", *Probe.__struct_fields__), "JSON")
_FIRST = """
SELECT to_json(arg_min(line, place))::VARCHAR FROM (
    SELECT lines AS line, row_number() OVER () AS place
    FROM {lines} AS lines
    WHERE kind::VARCHAR = '"probe"' AND task::VARCHAR = '"name"' AND role::VARCHAR = '"eval"'
        AND split::VARCHAR = '"heldout"' AND source IS NOT NULL AND answer IS NOT NULL
        AND correct IS NOT NULL AND attack IS NULL AND (condition->'control') IS NULL)
GROUP BY line.modality::VARCHAR, line.persona::VARCHAR, line.dataset::VARCHAR, {also}
ORDER BY min(place)
"""
"""The first answer about each person in each modality, by what else is told apart."""
_RIGHT_OR_WRONG = "line.correct::VARCHAR"
_BY_SET = "line.set::VARCHAR, line.source::VARCHAR, (line.condition->>'objective')"


@dataclass(frozen=True, slots=True)
class AnswerSample:
    """One question and its answer."""

    row: Probe
    picture: str | None
    """A data URI of a PNG; None where the picture was not found, or none was shown."""
    text: str | None
    """The description, likewise."""
    when: str = ""
    """Whether it is from before or after unlearning, and of which set."""


@dataclass(slots=True)
class SampleChoice:
    """Chooses samples, then finds what was shown.

    The first answers of each kind are taken, each of another person, from held-out questions to
    trained models whose view was not tampered with.
    """

    first: list[tuple[Probe, Path]] = field(default_factory=list)
    """The first answers by set, of models before unlearning and after."""
    chosen: dict[Kind, list[tuple[Probe, Path]]] = field(default_factory=dict)
    personas: dict[Who, list[tuple[Persona, Path]]] = field(default_factory=dict)
    files: dict[Path, None] = field(default_factory=dict)
    """Files of persona rows that checkpoint rows name."""

    def choose(self, rows: Inputs) -> None:
        """Choose among the probe rows of these inputs."""
        for row, folder in _answers(rows, _RIGHT_OR_WRONG):
            self._keep(row, folder)
        self.first = list(_answers(rows, _BY_SET))

    def _keep(self, row: Probe, folder: Path) -> None:
        kept = self.chosen.setdefault((row.modality, bool(row.correct)), [])
        if len(kept) < EACH and all(_who(row) != _who(other) for other, _ in kept):
            kept.append((row, folder))

    def add_persona(self, row: Persona, folder: Path) -> None:
        """Remember a person of the stream."""
        self.personas.setdefault((row.dataset, row.id), []).append(at_home(row, folder))

    def add_checkpoint(self, row: Checkpoint, folder: Path) -> None:
        """Remember where the people of a checkpoint are."""
        self.files[resolve(folder, row.personas)] = None

    def found(self) -> list[AnswerSample]:
        """The samples: first those of unlearning, pictures before descriptions, right before wrong.

        Of unlearning, the forget set comes before the retain set; each person's answer from before
        stands beside the one from after.
        """
        order: list[Kind] = [(m, right) for m in MODALITIES for right in (True, False)]
        others = [sample for kind in order for sample in self.chosen.get(kind, [])]
        told = list(self._unlearned())
        shown = [sample for _, sample in told] + others
        self._read_people({_who(row) for row, _ in shown}, shown)
        samples = [replace(self._sample(row), when=when) for when, (row, _) in told]
        return samples + [self._sample(row) for row, _ in others]

    def _unlearned(self) -> Iterator[tuple[str, tuple[Probe, Path]]]:
        """Answers from before and after unlearning about the first people of each set."""
        before = {
            _asked(row): (row, folder)
            for row, folder in reversed(self.first)
            if unlearned_by(row.condition) is None
        }
        for modality in MODALITIES:
            for part in ("forget", "retain"):
                after = [
                    (row, folder)
                    for row, folder in self.first
                    if (row.set, row.modality) == (part, modality)
                    and unlearned_by(row.condition) not in (None, RETRAIN)
                ]
                each = {_who(row): (row, folder) for row, folder in reversed(after)}
                for row, folder in list(reversed(each.values()))[:EACH]:
                    if _asked(row) in before:
                        yield f"{part} set, before unlearning", before[_asked(row)]
                    yield f"{part} set, after unlearning", (row, folder)

    def _read_people(self, wanted: set[Who], chosen: list[tuple[Probe, Path]]) -> None:
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
                for located in read_rows([file], want=(Persona,)):
                    if (located.row.dataset, located.row.id) in wanted:
                        self.add_persona(located.row, located.folder)
            except (XmmError, OSError):
                continue  # a sample without its picture is still a sample

    def _is_there(self, row: Probe) -> bool:
        """Whether what was shown is among the people known so far."""
        if row.modality == "text":
            return any(True for _ in self._texts(row))
        return any(picture.is_file() for picture in self._pictures(row))

    def _sample(self, row: Probe) -> AnswerSample:
        if row.modality == "text":
            return AnswerSample(row, None, next(self._texts(row), None))
        uris = (_data_uri(picture) for picture in self._pictures(row))
        return AnswerSample(row, next((uri for uri in uris if uri), None), None)

    def _texts(self, row: Probe) -> Iterator[str]:
        for persona, _ in self.personas.get(_who(row), []):
            yield from (view.text for view in persona.texts if _is_view(view, row))

    def _pictures(self, row: Probe) -> Iterator[Path]:
        for persona, folder in self.personas.get(_who(row), []):
            yield from (resolve(folder, v.path) for v in persona.images if _is_view(v, row))


def _answers(rows: Inputs, also: str) -> Iterator[tuple[Probe, Path]]:
    """The first answers, told apart by these fields also, each with its folder."""
    for folder, sources in rows.by_folder():
        asked = _FIRST.format(lines=rows.relation(sources, _COLUMNS), also=also)
        for (line,) in rows.execute(asked, sources).fetchall():
            row = decode_line(line.encode())
            if isinstance(row, Probe) and not row.condition.get("control"):
                yield row, folder


def _asked(row: Probe) -> tuple[object, ...]:
    """What was asked of whom, and what the model was trained on."""
    return row.source, row.modality, row.dataset, row.persona, row.view, row.split


def _who(row: Probe) -> Who:
    return row.dataset, row.persona


def _is_view(view: ImageView | TextView, row: Probe) -> bool:
    return (view.view, view.split) == (row.view, row.split)


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
