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
    """What was left out and why, with how many of each, and the first place it was met."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, reason: str, where: str = "", count: int = 1) -> None:
        """Count `count` more left out for this reason."""
        self._count[reason] += count
        self._first.setdefault(reason, where)

    def lines(self) -> list[str]:
        """A line for each reason: `dropped 3: the picture is missing (first: people.csv:7)`."""
        return [
            f"dropped {count}: {reason}"
            + (f" (first: {self._first[reason]})" if self._first[reason] else "")
            for reason, count in self._count.items()
        ]


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
        "jsonl": (
            "xmm_cli.personas.importing.jsonl:read",
            "JSON lines with name, picture and description",
        ),
        "csv": (
            "xmm_cli.personas.importing.csv:read",
            "a table with the columns name, picture and description",
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
)
