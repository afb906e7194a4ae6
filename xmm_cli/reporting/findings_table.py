"""The findings of a study, for people and for other programs.

Whoever made them: anything with the fields of `Row` will do.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from itertools import groupby
from typing import Any, Protocol

from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.words import ABSENT, MINUS, clean, whole

FIELDS = (
    "family", "finding", "measure", "effect", "low", "high", "seeds", "verdict", "by_seed", "n",
    "unit", "comment",
)  # fmt: skip
COLOURS = {"holds": "green", "does not hold": "red", "unclear": "yellow"}
SHORT = {"share": " %", "difference of shares": " pts", "difference of ratios": " pts"}
"""What stands behind an effect in hundredths; other units are shown as they are."""
LEGEND = (
    "Effect [95 % interval over persons, drawn within each seed]; pts: hundredths of recall, or of "
    "a ratio. holds: the whole interval is on the claimed side, and so is every seed alone. does "
    "not hold: the interval is on the other side, or below the smallest effect of interest "
    "(5 pts). unclear: all else."
)


class Row(Protocol):
    """One finding."""

    @property
    def family(self) -> str: ...  # noqa: D102
    @property
    def finding(self) -> str: ...  # noqa: D102
    @property
    def measure(self) -> str: ...  # noqa: D102
    @property
    def effect(self) -> float | None: ...  # noqa: D102
    @property
    def low(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float | None: ...  # noqa: D102
    @property
    def seeds(self) -> int: ...  # noqa: D102
    @property
    def verdict(self) -> str: ...  # noqa: D102
    @property
    def by_seed(self) -> Mapping[str, float | None]: ...  # noqa: D102
    @property
    def n(self) -> int: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def comment(self) -> str: ...  # noqa: D102


def render_findings(rows: Sequence[Row], format: str = "table", *, width: int, colour: bool) -> str:
    """All findings in one of the `FORMATS`, ending in a newline.

    `width` and `colour` matter to `table` alone. Raises `WrongUsage` for an unknown format.
    """
    FORMATS.check(format)
    ways: dict[str, Callable[[Sequence[Row]], str]] = {
        "markdown": _markdown,
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
        "latex": _latex,
        "html": _html,
    }
    return ways[format](rows) if format in ways else _table(rows, width, colour)


def effect_of(row: Row) -> str:
    """`56 pts [49–63]`, `0.42 nats [0.31 to 0.50]`, or a dash."""
    if row.effect is None:
        return ABSENT
    number = whole if row.unit in SHORT else _hundredths
    text = number(row.effect) + SHORT.get(row.unit, " nats" if row.unit == "nats" else "")
    if row.low is None or row.high is None:
        return text
    low, high = number(row.low), number(row.high)
    between = "–" if row.unit in SHORT and MINUS not in low + high else " to "
    return f"{text} [{low}{between}{high}]"


def _hundredths(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)


def _fields(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def _json(rows: Sequence[Row]) -> str:
    return json.dumps([_fields(row) for row in rows], ensure_ascii=False, indent=2) + "\n"


def _jsonl(rows: Sequence[Row]) -> str:
    return "".join(json.dumps(_fields(row), ensure_ascii=False) + "\n" for row in rows)


def _csv(rows: Sequence[Row]) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        fields = _fields(row) | {"by_seed": json.dumps(dict(row.by_seed))}
        writer.writerow([clean(one) if isinstance(one, str) else one for one in fields.values()])
    return file.getvalue()


def _markdown(rows: Sequence[Row]) -> str:
    from xmm_cli.reporting.formats.markdown import escape

    if not rows:
        return ""
    lines = ["| finding | effect | seeds | verdict | comment |", "| --- | --- | --- | --- | --- |"]
    for family, group in groupby(rows, key=lambda row: row.family):
        lines.append(f"| **{escape(clean(family))}** | | | | |")
        for row in group:
            cells = (row.finding, effect_of(row), str(row.seeds), row.verdict, row.comment)
            lines.append(f"| {' | '.join(escape(clean(cell)) for cell in cells)} |")
    return "\n".join([*lines, "", escape(LEGEND)]) + "\n"


def _latex(rows: Sequence[Row]) -> str:
    from xmm_cli.reporting.formats.latex import escape, tabular

    if not rows:
        return ""
    lines = [[escape(clean(cell)) for cell in _cells(row)] for row in rows]
    return f"{tabular(['finding', 'effect', 'seeds', 'verdict'], lines)}\n\n{escape(LEGEND)}\n"


def _html(rows: Sequence[Row]) -> str:
    from xmm_cli.reporting.formats.html import escape, table

    if not rows:
        return ""
    lines = [[escape(cell) for cell in _cells(row)] for row in rows]
    made = table("Findings", ["finding", "effect", "seeds", "verdict"], lines, "findings")
    return f"{made}\n<p>{escape(LEGEND)}</p>\n"


def _cells(row: Row) -> tuple[str, str, str, str]:
    return row.finding, effect_of(row), str(row.seeds), row.verdict


def _table(rows: Sequence[Row], width: int, colour: bool) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from xmm_cli.reporting.terminal import printed

    if not rows:
        return ""
    table = Table(box=SIMPLE_HEAD, header_style="", padding=(0, 1), pad_edge=False, expand=True)
    table.add_column("finding", ratio=1, overflow="fold")
    table.add_column("effect", no_wrap=width >= 60)
    table.add_column("seeds", justify="right")
    table.add_column("verdict", no_wrap=width >= 60)
    for family, group in groupby(rows, key=lambda row: row.family):
        table.add_row(Text(clean(family), "bold underline"))
        for row in group:
            judged = Text(clean(row.verdict), COLOURS.get(row.verdict, ""))
            effect = Text(effect_of(row), "bold")
            table.add_row(Text(clean(row.finding)), effect, Text(str(row.seeds)), judged)
        table.add_section()
    return printed([table, Text(LEGEND, "dim")], width=width, colour=colour)
