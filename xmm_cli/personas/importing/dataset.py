"""An imported data set: the same folder as one that xmm makes, from other people's records."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from xmm_cli import __version__
from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.personas.importing import IMPORTERS, Dropped, Record
from xmm_cli.personas.importing.people import Share, Someone, deal, gather, without_name
from xmm_cli.personas.importing.pictures import opened
from xmm_cli.rows.files import atomic_write_bytes, ensure_folder
from xmm_cli.rows.types import ImageView, Persona, Role, TextView

_TABLES = (".jsonl", ".json", ".csv", ".parquet")


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What makes one imported data set and no other. None is all there is."""

    format: str
    fingerprint: str
    """Of the source's tables, and of the names and sizes of its pictures."""
    people: int | None = None
    aux: int = 0
    views: int | None = None
    heldout: int | None = None
    size: int | None = None
    lone: str = "both"
    seed: int = 0
    describe: str | msgspec.UnsetType = msgspec.UNSET
    version: str = __version__

    def share(self) -> Share:
        """How views are dealt."""
        return Share(self.views, self.heldout, self.lone, self.seed)


def fingerprint(path: Path) -> str:
    """SHA-256 of a source's tables and of the names and sizes of its other files.

    Raises `InputNotFound`.
    """
    if not path.exists():
        raise InputNotFound(f"{path}: No such file or directory")
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path)} {file.stat().st_size}\n".encode())
        if file.suffix in _TABLES:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Found:
    """Who is in a source and with what role, and what was left out so far.

    `lone` counts, by modality, the people who have a single view there.
    """

    people: list[tuple[Someone, Role]]
    dropped: Dropped
    lone: Counter[str] = field(default_factory=Counter)


def look(request: ImportRequest, path: Path) -> Found:
    """Read the whole source and choose who is imported; nothing is written.

    Raises as an importer does, and `BadData` where no one is left.
    """
    dropped = Dropped()
    everyone = gather(IMPORTERS.load(request.format)(path, dropped), dropped)
    measured = [one for one in everyone if one.role != "aux"]
    others = [one for one in everyone if one.role == "aux"]
    kept = measured[: request.people]
    others += measured[len(kept) :]
    chosen: list[tuple[Someone, Role]] = [(one, "eval") for one in kept]
    told_aux = sum(one.role == "aux" for one in others)
    wanted = max(request.aux, told_aux) if request.people is None else request.aux
    chosen += [(one, "aux") for one in others[:wanted]]
    if len(others) > wanted:
        dropped.add("people beyond those asked for", count=len(others) - wanted)
    if not chosen:
        raise BadData(f"{path}: no one to import", "; ".join(dropped.lines()) or None)
    return Found(chosen, dropped)


def write_people(
    found: Found, request: ImportRequest, folder: Path, *, run: str
) -> Iterator[Persona]:
    """Each person's row, as soon as their pictures are written; paths count from `folder`.

    People who lack pictures, or descriptions, where others have some are dropped: they could not be
    learned in the one modality and asked about in the other. Raises `CannotWrite`.
    """
    records = [record for someone, _ in found.people for record in someone.records]
    shown = any(record.picture is not None for record in records)
    told = request.describe is msgspec.UNSET and any(record.text for record in records)
    counts = {"eval": 0, "aux": 0}
    for someone, role in found.people:
        pictures, words = _pictures(someone, request, found), _words(someone, found)
        if (shown and not pictures) or (told and not words):
            what = "picture" if shown and not pictures else "description"
            found.dropped.add(f"a person without a usable {what}", someone.where)
            continue
        found.lone["image"] += len(pictures) == 1
        found.lone["text"] += len(words) == 1
        id_ = f"{role[0]}x-{counts[role]:03d}"
        counts[role] += 1
        yield Persona(
            run=run,
            id=id_,
            name=someone.name,
            role=role,
            attributes=someone.told("attributes"),
            facts=someone.told("facts"),
            images=tuple(_written(pictures, someone.name, id_, request, folder)),
            texts=tuple(
                TextView(text=record.text or "", view=view, split=split)
                for view, split, record in deal(words, request.share(), someone.name)
            ),
        )


def _pictures(someone: Someone, request: ImportRequest, found: Found) -> list[Record]:
    """The records whose pictures can be used, with those as PNG, no two alike."""
    usable: dict[bytes, Record] = {}
    for record in someone.records:
        data = opened(record, request.size, found.dropped)
        if data is None:
            continue
        if data in usable:
            found.dropped.add("the same picture of the same person again", record.where)
            continue
        usable[data] = replace(record, picture=data)
    return list(usable.values())


def _words(someone: Someone, found: Found) -> list[Record]:
    """The records with descriptions, without the name, no two alike."""
    usable: dict[str, Record] = {}
    for record in someone.records:
        if record.text is None:
            continue
        text = without_name(record.text, someone.name)
        if text in usable:
            found.dropped.add("the same description of the same person again", record.where)
            continue
        usable[text] = replace(record, text=text)
    return list(usable.values())


def _written(
    pictures: list[Record], name: str, id_: str, request: ImportRequest, folder: Path
) -> Iterator[ImageView]:
    """A view of each picture, once it is on the disk."""
    if pictures:
        ensure_folder(folder / "images" / id_)
    for view, split, record in deal(pictures, request.share(), name):
        path = f"images/{id_}/{view:02d}.png"
        if not isinstance(record.picture, bytes):
            raise TypeError("a picture that was opened is bytes")
        atomic_write_bytes(folder / path, record.picture)
        yield ImageView(path=path, view=view, split=split)
