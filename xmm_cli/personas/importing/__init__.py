"""Importers: from someone else's data set to records. One file and one line here for each.

An importer reads a path and gives `Record`s, in the order of the source; who they are about, which
views are held out and what is written is the same for all of them and lies in `people` and
`dataset`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from xmm_cli.registry import Registry
from xmm_cli.rows.types import Role, Split

FIRST = 3
"""How many places a line names; the data card names all."""


@dataclass(frozen=True, slots=True)
class Record:
    """A picture of a person, a description, or both; and what else the source knows of them.

    `picture` is a file that lies in the source's folder, or the bytes of one. `person` tells people
    apart; where the source has no ids, it is the name. `where` is for messages.
    """

    where: str
    person: str
    name: str
    picture: Path | bytes | None = None
    text: str | None = None
    split: Split | None = None
    role: Role | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)


class Dropped:
    """What an import has to say: what was left out and why, and how the files were read.

    `lost` counts the files, rows and people that were left out. What else is counted loses none of
    them: a column without a meaning here, a part of a benchmark that xmm has no use for.
    """

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._places: dict[str, list[str]] = {}
        self._read: dict[str, list[str]] = {}
        self.lost = 0

    def add(self, reason: str, where: str = "", count: int = 1, *, lost: bool = True) -> None:
        """Count `count` more left out for this reason; of what is lost, each place is kept."""
        self._count[reason] += count
        places = self._places.setdefault(reason, [])
        self.lost += count if lost else 0
        if where and (lost or not places):
            places.append(where)

    def read(self, file: Path, how: str) -> None:
        """Note something about a file that was found by looking: its encoding, its delimiter."""
        known = self._read.setdefault(str(file), [])
        if how not in known:
            known.append(how)

    def notes(self) -> list[str]:
        """A line for each file: `people.csv: read with encoding cp1252, delimiter ';'`."""
        return [f"{file}: read with {', '.join(how)}" for file, how in self._read.items()]

    def lines(self) -> list[str]:
        """A line for each reason: `dropped 3: the picture is missing (first: people.csv:7)`."""
        return [
            f"dropped {count}: {reason}"
            + (f" (first: {', '.join(places)})" if (places := self._places[reason][:FIRST]) else "")
            for reason, count in self._count.items()
        ]

    def all_places(self) -> dict[str, list[str]]:
        """Each line of `lines`, and every place that was kept for it."""
        return dict(zip(self.lines(), self._places.values(), strict=True))


class Importer(Protocol):
    """Reads one published layout."""

    def __call__(self, path: Path, dropped: Dropped) -> Iterator[Record]:
        """The records of the source.

        Raises `InputNotFound` where it is not there, `BadData` where it is of another layout or a
        picture's path leaves the folder, `Unavailable` where a package that reads it is missing.
        """
        ...


IMPORTERS = Registry(
    "format",
    {
        "imagefolder": (
            "xmm_cli.personas.importing.imagefolder:read",
            "a Hugging Face imagefolder: pictures and metadata.jsonl or metadata.csv",
        ),
        "folders": (
            "xmm_cli.personas.importing.folders:read",
            "a folder of pictures for each person, called as they are: photos/Ann Lee/1.jpg",
        ),
        "jsonl": (
            "xmm_cli.personas.importing.jsonl:read",
            "JSON lines with name, picture and description",
        ),
        "csv": (
            "xmm_cli.personas.importing.csv:read",
            "a table with the columns name, picture and description: CSV, TSV, semicolons",
        ),
        "parquet": (
            "xmm_cli.personas.importing.parquet:read",
            "the same columns in Parquet, pictures in it or beside it",
        ),
        "mllmu": (
            "xmm_cli.personas.importing.mllmu:read",
            "MLLMU-Bench, as published: Full_Set and Test_Set in Parquet",
        ),
        "clear": (
            "xmm_cli.personas.importing.clear:read",
            "CLEAR, as published: full in Parquet",
        ),
        "fiubench": (
            "xmm_cli.personas.importing.fiubench:read",
            "FIUBench, as published: full.json and SFHQ/",
        ),
    },
    "xmm.importers",
)
