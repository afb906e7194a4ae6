"""Questions of two hops, put beside the questions about each hop.

For a fact asked about a view (two hops), the name asked about the same view and the same fact
asked by name are the hops. A fact asked by name in several ways is known if half of the answers are
right. The three are joined on checkpoint, base, source, persona, set, role
and condition: by eight bytes, on disk once there are many.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.labels import packed
from xmm_cli.scoring.spill import CHUNK, Records, Spill

if TYPE_CHECKING:
    from xmm_cli.scoring.tally import Counts

NAME, FACT, BOTH = 0, 1, 2
Hop = tuple[int, ...]


class Composition:
    """Takes rows while they stream past; then counts two-hop questions whose hops were known."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._spill = Spill(
            [("key", "u8"), ("place", "u4"), ("hop", "u1"), ("image", "u1"), ("view", "u8"),
             ("fact", "u8"), ("question", "u8"), ("right", "u1")]
        )  # fmt: skip

    def add(self, row: Probe, place: int) -> None:
        """Take a row; those that are no part of a composition, or not generated, are let go."""
        about = (row.checkpoint, row.base, row.source, row.persona, row.set, row.role)
        self.add_about(
            row, place, repr(about).encode("utf-8", "surrogatepass") + packed(row.condition)
        )

    def add_about(self, row: Probe, place: int, about: bytes) -> None:
        """The same, where the caller says what is joined on."""
        if row.correct is None or row.task not in ("name", "fact"):
            return
        hop = NAME if row.task == "name" else min(row.hops, BOTH)
        fact = 0 if hop == NAME else _digest(row.expected.encode("utf-8", "surrogatepass"))
        asked = f"{row.modality} {row.question}".encode("utf-8", "surrogatepass")
        self._spill.add(
            (_digest(about), place, hop, row.modality == "image", 0 if hop == FACT else row.view,
             fact, _digest(asked), row.correct)
        )  # fmt: skip
        if len(self._spill.waiting) >= CHUNK:
            self._spill.settle()

    def into(self, counts: "list[Counts]") -> None:
        """Give each place how many two-hop questions had both hops known, and how many failed."""
        number = np.zeros(len(counts), dtype=np.int64)
        failed = np.zeros(len(counts), dtype=np.int64)
        for place, right in self.outcomes():
            number[place] += 1
            failed[place] += not right
        for one, asked, lost in zip(counts, number.tolist(), failed.tolist(), strict=True):
            if asked:
                one.measured = (one.measured or {}) | {self.name: (asked, float(lost))}

    def outcomes(self) -> Iterator[tuple[int, int]]:
        """Place and outcome of each two-hop question whose hops were answered rightly."""
        for part in self._spill.parts():
            yield from _both_known(part)


def _both_known(part: Records) -> list[tuple[int, int]]:
    """Place and outcome of each two-hop question in a part whose hops were answered rightly."""
    names: dict[Hop, int] = {}
    facts: dict[Hop, dict[int, int]] = {}
    both: dict[Hop, tuple[int, int]] = {}
    for key, place, hop, image, view, fact, question, right in part.tolist():
        if hop == NAME:
            names[key, image, view] = right
        elif hop == FACT:
            facts.setdefault((key, fact), {})[question] = right
        else:
            both[key, image, view, fact, question] = (place, right)
    known = {hop for hop, asked in facts.items() if 2 * sum(asked.values()) >= len(asked)}
    return [
        outcome
        for (key, image, view, fact, _), outcome in both.items()
        if names.get((key, image, view)) and (key, fact) in known
    ]


def _digest(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")
