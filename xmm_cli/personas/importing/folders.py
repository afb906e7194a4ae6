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

PICTURES = frozenset(
    {".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jp2", ".jpe"}
    | {".jpeg", ".jpg", ".jxl", ".png", ".tif", ".tiff", ".webp"}
)
"""How names of pictures end; of those that xmm cannot open, the import says so."""

_LEFT_BY_SYSTEMS = ("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r", "@eadir")


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each picture, by person and name of the file.

    Raises `InputNotFound` where it is no folder, `BadData` where no picture is in a person's.
    """
    if not path.is_dir():
        why = "Not a directory" if path.exists() else "No such file or directory"
        raise InputNotFound(f"{path}: {why}")
    kept = 0
    no_ones = []
    deeper: set[str] = set()
    for file in files(path, dropped):
        parts = file.relative_to(path).parts[:-1]
        split = split_of(parts[0]) if parts else None
        owners = parts[1:] if split else parts
        if not owners:
            no_ones.append(file)
        elif not any(letter.isalpha() for letter in owners[0]):
            dropped.add("a file in a folder whose name has no letter", str(file))
        elif file.suffix.lower() not in PICTURES:
            dropped.add("a file that is no picture", str(file))
        else:
            kept += 1
            if len(owners) > 1:
                deeper.add(owners[0])
            yield Record(str(file), owners[0], owners[0], file, split=split)
    _say_of_no_one(no_ones, kept, path, dropped)
    if deeper:
        dropped.read(path, f"folders within a person's as that person's: {_few(deeper)}")


def _say_of_no_one(files: list[Path], kept: int, path: Path, dropped: Dropped) -> None:
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    if not kept:
        what = f"{len(pictures)} pictures and no" if pictures else "has no"
        raise BadData(
            f"{path}: {what} folder with pictures for each person",
            f"xmm needs names: {path}/Ann Lee/1.jpg, or --from jsonl with "
            + sample(pictures[0].name if pictures else "1.jpg"),
        )
    for file in files:
        is_picture = file in pictures
        dropped.add(f"a {'picture' if is_picture else 'file'} in no person's folder", str(file))


def _few(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


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
        if entry.name.startswith(".") or entry.name.casefold() in _LEFT_BY_SYSTEMS:
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
