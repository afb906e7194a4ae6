"""A row of the table: what was compared, what came out, and what was to be reached."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.benchmarks.race import Ratio

_IS: dict[str, Callable[[float, float], bool]] = {"≥": operator.ge, "≤": operator.le}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that has a mark to reach: `≥ 2` times as fast, `≤ 1.15` times the floor."""

    what: str
    found: Ratio
    sign: str
    mark: float
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the median is on the right side of the mark."""
        return _IS[self.sign](self.found.middle, self.mark)

    def __str__(self) -> str:
        mark = f"{self.sign} {self.mark:g}"
        return f"{self.what} {self.found} ({mark}{'' if self.reached else ', MISSED'})"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    what: str
    ours: str
    plain: str
    figures: tuple[Figure, ...]
    same: str
    """What was compared to see that both did the same, and how near it was."""
    notes: tuple[str, ...] = field(default=())


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| what | xmm | the plain way | ratio \\[spread\\] (to reach) | same result |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for row in rows:
        figures = "; ".join(map(str, row.figures)).replace("[", "\\[").replace("]", "\\]")
        lines.append(f"| {row.what} | {row.ours} | {row.plain} | {figures} | {row.same} |")
    notes = [f"- {row.what}: {note}" for row in rows for note in row.notes]
    return "\n".join([*lines, *(["", *notes] if notes else [])])
