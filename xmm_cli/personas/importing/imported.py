"""An imported data set: the same folder as one that xmm makes, from other people's records."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from xmm_cli import __version__
from xmm_cli.errors import BadData
from xmm_cli.personas.fingerprint import fingerprint
from xmm_cli.personas.importing import IMPORTERS, Dropped, Record
from xmm_cli.personas.importing.grouped import Share, Someone, assign, deal, gather
from xmm_cli.personas.importing.hiding import without_name
from xmm_cli.personas.importing.notes import Notes
from xmm_cli.personas.importing.safe_pictures import opened
from xmm_cli.rows.files import atomic_write_bytes, ensure_folder
from xmm_cli.rows.types import ImageView, Persona, Role, Split, TextView


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What makes one imported data set and no other. None is all there is."""

    format: str
    fingerprint: str
    """Of the source's records and pictures."""
    people: int | None = None
    aux: int = 0
    views: int | None = None
    heldout: int | None = None
    size: int | None = None
    lone: str = "both"
    seed: int = 0
    describe: str | msgspec.UnsetType = msgspec.UNSET
    describe_weights: str | msgspec.UnsetType = msgspec.UNSET
    """Where that model is a folder."""
    version: str = __version__

    def share(self) -> Share:
        """How views are dealt."""
        return Share(self.views, self.heldout, self.lone, self.seed)


@dataclass(frozen=True, slots=True)
class ImportSource:
    """All that a source says, and what was left out of it."""

    path: Path
    records: list[Record]
    dropped: Dropped

    def fingerprint(self) -> str:
        """SHA-256 of what the records say and of their pictures, wherever those lie."""
        digest = hashlib.sha256()
        for record in self.records:
            told = (record.person, record.name, record.text, record.split, record.role)
            digest.update(f"{told} {record.attributes} {record.facts} ".encode())
            digest.update(_digest(record.picture))
        return digest.hexdigest()[:16]


def read_source(format: str, path: Path) -> ImportSource:
    """Read a whole source. Raises as an importer does."""
    dropped = Dropped()
    return ImportSource(path, list(IMPORTERS.load(format)(path, dropped)), dropped)


def _digest(picture: Path | bytes | None) -> bytes:
    if not isinstance(picture, Path) or not picture.is_file():
        picture = picture if isinstance(picture, bytes) else b""
        return hashlib.sha256(picture).digest()
    try:
        with picture.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:  # it will be left out, for this reason
        return type(error).__name__.encode()


@dataclass(frozen=True, slots=True)
class ImportedPeople:
    """Who is in a source and with what role, what was left out so far, and what was changed.

    `lone` counts, by modality, the people who have a single view there.
    """

    people: list[tuple[Someone, Role]]
    dropped: Dropped
    lone: Counter[str] = field(default_factory=Counter)
    notes: Notes = field(default_factory=Notes)


def look(request: ImportRequest, source: ImportSource) -> ImportedPeople:
    """Choose who is imported; nothing is written.

    Auxiliary people are those that the source calls so; then, of the others, the last.
    Raises `BadData` where a name cannot be one, or no one is left.
    """
    dropped, notes = source.dropped, Notes()
    everyone = gather(source.records, dropped, notes)
    measured = [one for one in everyone if one.role != "aux"]
    others = [one for one in everyone if one.role == "aux"]
    most = request.people
    if most is None:
        most = max(1, len(measured) - max(0, request.aux - len(others)))
    wanted = max(request.aux, len(others)) if request.people is None else request.aux
    kept, others = measured[:most], [*others, *measured[most:]]
    chosen: list[tuple[Someone, Role]] = [(one, "eval") for one in kept]
    chosen += [(one, "aux") for one in others[:wanted]]
    if len(others) > wanted:
        dropped.add("people beyond those asked for", count=len(others) - wanted, lost=False)
    if not chosen:
        raise BadData(f"{source.path}: no one to import", "; ".join(dropped.lines()) or None)
    return ImportedPeople(chosen, dropped, notes=notes)


def write_people(
    found: ImportedPeople, request: ImportRequest, folder: Path, *, run: str
) -> Iterator[Persona]:
    """Each person's row, as soon as their pictures are written; paths count from `folder`.

    People who lack pictures, or descriptions, where others have some are dropped: they could not be
    learned in the one modality and asked about in the other. Raises `CannotWrite`.
    """
    records = [record for someone, _ in found.people for record in someone.records]
    shown = any(record.picture is not None for record in records)
    told = request.describe is msgspec.UNSET and any(record.text for record in records)
    counts = {"eval": 0, "aux": 0}
    dataset = fingerprint(request)
    for someone, role in found.people:
        pictures, words = _pictures(someone, request, found), _words(someone, found)
        if (shown and not pictures) or (told and not words) or not (pictures or words):
            what = "picture" if shown and not pictures else "description"
            found.dropped.add(f"a person without a usable {what}", someone.where)
            continue
        found.lone["image"] += len(pictures) == 1
        found.lone["text"] += len(words) == 1
        id_ = f"{role[0]}x-{counts[role]:03d}"
        counts[role] += 1
        share = request.share()
        splits = assign(someone.records, (pictures, words), share, someone.name)
        _say_other_values(someone, found.dropped)
        yield Persona(
            run=run,
            id=id_,
            dataset=dataset,
            name=someone.name,
            role=role,
            attributes=someone.told("attributes"),
            facts=someone.told("facts"),
            images=tuple(_written(deal(pictures, splits, share), id_, folder)),
            texts=tuple(
                TextView(text=record.text or "", view=view, split=split)
                for view, split, record in deal(words, splits, share)
            ),
        )


def _say_other_values(someone: Someone, dropped: Dropped) -> None:
    """Say where records of one person differ in what a person has once."""
    for what in ("attributes", "facts"):
        kept = someone.told(what)
        for record in someone.records:
            for key, value in getattr(record, what).items():
                if kept[key] != value:
                    why = f"another value of {key!r} in {what} of the same person"
                    dropped.add(why, record.where, lost=False)


def _pictures(someone: Someone, request: ImportRequest, found: ImportedPeople) -> dict[int, Record]:
    """The records whose pictures can be used, by place, with those as PNG, no two alike."""
    usable: dict[bytes, int] = {}
    for place, record in enumerate(someone.records):
        shown = _named(record)
        data = opened(shown, request.size, found.dropped, found.notes)
        if data is None:
            continue
        if data in usable:
            found.dropped.add("the same picture of the same person again", shown.where)
            continue
        usable[data] = place
    return {place: replace(someone.records[place], picture=data) for data, place in usable.items()}


def _named(record: Record) -> Record:
    """The record, with the name of its picture in `where`: each that is dropped is named."""
    name = record.picture.name if isinstance(record.picture, Path) else ""
    return (
        record if record.where.endswith(name) else replace(record, where=f"{record.where}: {name}")
    )


def _words(someone: Someone, found: ImportedPeople) -> dict[int, Record]:
    """The records with descriptions, by place, without the name, no two alike."""
    usable: dict[str, int] = {}
    for place, record in enumerate(someone.records):
        if record.text is None:
            continue
        hidden = without_name(record.text, someone.name)
        if hidden.text in usable:
            what = "the same description of the same person again"
            found.dropped.add(what, record.where, lost=False)
            continue
        usable[hidden.text] = place
        if hidden.changed:
            found.notes.add("descriptions held the name, which was taken out", record.where)
        if hidden.left:
            where = f"{record.where}: {hidden.left}"
            found.notes.add("descriptions keep a common word that is also in the name", where)
    return {place: replace(someone.records[place], text=text) for text, place in usable.items()}


def _written(
    views: Iterator[tuple[int, Split, Record]], id_: str, folder: Path
) -> Iterator[ImageView]:
    """A view of each picture, once it is on the disk."""
    for view, split, record in views:
        ensure_folder(folder / "images" / id_)
        path = f"images/{id_}/{view:02d}.png"
        if not isinstance(record.picture, bytes):
            raise TypeError("a picture that was opened is bytes")
        atomic_write_bytes(folder / path, record.picture)
        yield ImageView(path=path, view=view, split=split)
