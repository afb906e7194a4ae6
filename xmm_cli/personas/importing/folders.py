"""A folder of pictures for each person, called as they are: `photos/Ann Lee/1.jpg`.

What lies deeper in a person's folder is that person's too. Between the two there may be a level of
splits, as `datasets` calls them: `photos/train/Ann Lee/1.jpg`. A name is taken as the folder has
it, underscores too. Files that systems leave behind (hidden ones, `Thumbs.db`, `desktop.ini`,
`__MACOSX`) are passed over; every other file that is no picture of a person is dropped and named.
LFW, VGGFace2 and whatever torchvision's `ImageFolder` reads have this layout.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.fields import sample
from xmm_cli.personas.importing.splits import split_of
from xmm_cli.rows.types import Split

PICTURES = frozenset(
    {".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jp2", ".jpe"}
    | {".jpeg", ".jpg", ".jxl", ".png", ".tif", ".tiff", ".webp"}
)
"""How names of pictures end; of those that xmm cannot open, the import says so."""

_LEFT_BY_SYSTEMS = ("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r", "@eadir")


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each picture, by person and name of the file.

    Raises `InputNotFound` where it is no folder, `BadData` where no picture is in a person's, or
    one folder holds those of everyone.
    """
    if not path.is_dir():
        why = "Not a directory" if path.exists() else "No such file or directory"
        raise InputNotFound(f"{path}: {why}")
    people: set[str] = set()
    parents: set[Path] = set()
    no_ones: list[Path] = []
    for file in files(path, dropped):
        person, split = owner(file, path)
        is_picture = file.suffix.lower() in PICTURES
        if person is None:
            no_ones.append(file)
        elif not is_picture:
            dropped.add("a file that is no picture", str(file))
        else:
            people.add(person)
            parents.add(file.parent)
            yield Record(str(file), person, person, file, split=split)
    if not people:
        raise BadData(*_no_one(path, no_ones))
    for file in no_ones:
        kind = "picture" if file.suffix.lower() in PICTURES else "file"
        dropped.add(f"a {kind} that is in no person's folder", str(file))
    for folder in _without(people, path):
        dropped.add("a person's folder without a picture", str(folder))
    deeper = sorted(one for one in parents if owner(one, path)[0])
    _check_owners(deeper, people, path)
    if len(people) == 1 and len(deeper) > 1 and len(deeper) == len(parents):
        raise BadData(
            f"{path}: all pictures are in folders within one person's, such as {deeper[0]}",
            f"if those are the people: --from folders {deeper[0].parent}",
        )
    if deeper:
        dropped.read(path, f"{deeper[0]} as pictures of {owner(deeper[0] / '_', path)[0]}")


def _check_owners(deeper: list[Path], people: set[str], path: Path) -> None:
    """Refuse a folder within one person's that is called as another person is."""
    for folder in deeper:
        person = owner(folder / "_", path)[0]
        if folder.name in people - {person}:
            raise BadData(
                f"{folder}: these would be pictures of {person}, and {folder.name} is a person too",
                f"if {person} is no person but a split, call its folder train or test",
            )


def owner(file: Path, root: Path) -> tuple[str | None, Split | None]:
    """Whose picture a file is by its folders, and of which split; None where none can be a name."""
    parts = file.relative_to(root).parts[:-1]
    split = split_of(parts[0]) if parts else None
    names = parts[1:] if split else parts
    is_name = bool(names) and any(letter.isalpha() for letter in names[0])
    return (names[0] if is_name else None), split


def _no_one(path: Path, files: list[Path]) -> tuple[str, str]:
    """What to say of a source without a person, and the mend."""
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    what = f"none of the {len(pictures)} pictures" if pictures else "no picture"
    return (
        f"{path}: {what} is in a folder with a person's name",
        f"make folders such as {path / 'Ann Lee' / '1.jpg'}, or use --from jsonl, with "
        + sample(pictures[0].name if pictures else "1.jpg"),
    )


def _without(people: set[str], path: Path) -> Iterator[Path]:
    """Folders that are called as a person of whom there is no picture in any split."""
    for folder in _called_as_people(path):
        inner = _called_as_people(folder) if split_of(folder.name) else [folder]
        yield from (one for one in inner if one.name not in people)


def _called_as_people(path: Path) -> list[Path]:
    """The folders in this one, in order; of one that cannot be read, which `files` names, none."""
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        Path(entry.path)
        for entry in entries
        if entry.is_dir(follow_symlinks=False)
        and not _by_systems(entry.name)
        and any(letter.isalpha() for letter in entry.name)
    ]


def _by_systems(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _LEFT_BY_SYSTEMS


def files(folder: Path, dropped: Dropped, root: Path | None = None) -> Iterator[Path]:
    """All files below a folder, in order, without what systems leave there.

    A link counts as the file that it leads to, if that lies in the source, `root`; other links,
    which may run in circles, are dropped.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        dropped.add("a folder that cannot be read", f"{folder}: {error.strerror}")
        return
    for entry in entries:
        path = Path(entry.path)
        if _by_systems(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from files(path, dropped, root or folder)
        elif entry.is_symlink() and not _stays(path, root or folder):
            dropped.add("a link to a folder, to nothing, or out of the source", str(path))
        elif not entry.is_file():
            dropped.add("what is no file", str(path))
        else:
            yield path


def _stays(link: Path, root: Path) -> bool:
    """Whether a link leads to a file in the source."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return False
    return target.is_file() and target.is_relative_to(root.resolve())
