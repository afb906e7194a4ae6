"""The `run` row: what made the rows that carry its id.

The id is the first 12 hex digits of the SHA-256 of what decides the result: the command, its
configuration, the seed, the runs that made its input, the input rows themselves, and the version
of xmm. The same seed on the same input therefore gives the same id, and the same bytes in every
row but this one: times stand nowhere else.
"""

import json
import platform
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path

import msgspec

from xmm_cli import __version__
from xmm_cli.command_line import words
from xmm_cli.rows.types import Checkpoint, Label, Row, Run

ID_LENGTH = 12
LIBRARIES = ("torch", "transformers", "peft")
NOT_IN_ID = frozenset({"inputs", "out", "quiet", "device", "threads"})
"""Arguments that say where and how fast, not what: recorded, but not part of the id."""

ArgumentValue = Label | None | list[str]


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version  # a third of a help's time

    found = [("xmm", __version__), ("python", platform.python_version())]
    for library in LIBRARIES:
        try:
            found.append((library, version(library)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def versions() -> dict[str, str]:
    """The versions of xmm, Python and the libraries behind a result, read without importing."""
    return dict(_versions())


def plain(value: object) -> ArgumentValue:
    """An argument as a `run` or `checkpoint` row holds it: a label, None, or a list of strings.

    Raises:
        TypeError: it has no such form.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [str(plain(item)) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(plain(item)) for item in value)
    raise TypeError(f"a {type(value).__name__} cannot stand in a row's arguments")


class RunRecorder:
    """Notes what a stage was asked and what it read, and makes its `run` row when it is done.

    Time runs from construction to `row()`. `arguments` are the command's, all of them; the names
    in `not_in_id` are recorded without entering the id.
    """

    def __init__(
        self,
        command: str,
        arguments: Mapping[str, object],
        *,
        seed: int | None = None,
        not_in_id: Collection[str] = NOT_IN_ID,
    ) -> None:
        self._started = datetime.now(UTC)
        self._clock = time.monotonic()
        self.command = command
        self.arguments = {name: plain(value) for name, value in arguments.items()}
        self.seed = seed
        self._not_in_id = frozenset(not_in_id)
        self._parents: dict[str, None] = {}
        self.known_as: dict[str, str] = {}
        """What an argument is in the id, where its value is only a place."""
        from hashlib import sha256

        self._input = sha256()
        self._id: str | None = None

    @property
    def parents(self) -> tuple[str, ...]:
        """The runs that made the rows seen so far, in the order they came."""
        return tuple(self._parents)

    @property
    def id(self) -> str:
        """The id; from the first time it is asked for, no further input may be seen."""
        if self._id is None:
            # what was not asked for is left out, so that a new flag changes no older id
            decisive = {
                name: self.known_as.get(name, value)
                for name, value in self.arguments.items()
                if name not in self._not_in_id and value is not None and value is not False
            }
            content = [
                self.command,
                decisive,
                self.seed,
                self.parents,
                self._input.hexdigest(),
                __version__,
            ]
            canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
            from hashlib import sha256

            self._id = sha256(canonical.encode()).hexdigest()[:ID_LENGTH]
        return self._id

    @property
    def folder(self) -> Path:
        """Where the run writes to, if nothing else is asked for."""
        return Path("runs") / self.id

    def saw(self, row: Row) -> None:
        """Note an input row: its run is a parent, its content a part of the id.

        A `checkpoint` row that names its run is known by that name and its step, since its path
        differs from place to place; `run` rows hold times and are not looked at.
        """
        if isinstance(row, Run):
            return
        if self._id is not None:
            raise RuntimeError("an input row came after the run's id was used")
        if row.run is not None:
            self._parents[row.run] = None
        if isinstance(row, Checkpoint) and row.run is not None:
            self._input.update(f"{row.run} {row.steps}\n".encode())
        else:
            self._input.update(msgspec.json.encode(row) + b"\n")

    def saw_counts(self, digest: str, runs: Collection[str]) -> None:
        """Note rows that were counted as a whole: a digest of the counts, and the runs behind."""
        self._parents |= dict.fromkeys(sorted(runs))
        self._input.update(f"{digest}\n".encode())

    def row(self) -> Run:
        """The `run` row, with the time that passed until now."""
        return Run(
            run=self.id,
            id=self.id,
            command=self.command,
            arguments=self.arguments,
            words=words(),
            seed=self.seed,
            versions=versions(),
            parents=self.parents,
            started=self._started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            elapsed_s=round(time.monotonic() - self._clock, 3),
        )
