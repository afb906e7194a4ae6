"""Finding rows as a table for people, and as rows for programs."""

import csv
from collections.abc import Callable, Sequence
from io import StringIO
from itertools import groupby

import msgspec

from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.words import ABSENT, MINUS, clean, whole
from xmm_cli.rows.types import Finding

FIELDS = [name for name in Finding.__struct_fields__ if name not in ("schema", "run")]
"""Columns of csv."""
COLOURS = {"holds": "green", "negligible": "cyan", "does not hold": "red", "unclear": "yellow"}
SHORT = {"share": " %", "difference of shares": " pts", "difference of ratios": " pts"}
"""What stands behind an effect in hundredths; other units are shown as they are."""
COLUMNS = ("finding", "effect", "p (Holm)", "seeds", "spread", "verdict")
LEAST_P, UNLIKELY = 0.001, 0.05
ROOMY = 100
"""A terminal this wide shows p and spread."""
LEGEND = (
    "Effect [95 % interval over persons and seeds]; pts: hundredths of recall, or of a ratio. "
    "p (Holm): of the effect being 0 (or at the threshold claimed), corrected for all tests of the "
    "family; none for claims that something is none, or kept. Spread: standard deviation between "
    "seeds; * more than their people explain (p < 0.05). negligible: something is claimed to be "
    "there, and the 90 % interval lies within 5 pts (0.05 of another unit) of 0. holds: the whole "
    "95 % interval is on the claimed side, and p (Holm) is below 0.05. does not hold: it is on the "
    "other side. unclear: all else, and fewer than 8 persons."
)


def render_findings(
    rows: Sequence[Finding], format: str = "table", *, width: int, colour: bool
) -> str:
    """All findings in one of the `FORMATS`, ending in a newline; nothing for none, in most.

    `width` and `colour` matter to `table` alone. Raises `WrongUsage` for an unknown format.
    """
    FORMATS.check(format)
    ways: dict[str, Callable[[Sequence[Finding]], str]] = {
        "markdown": _markdown,
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
        "latex": _latex,
        "html": _html,
    }
    return ways[format](rows) if format in ways else _table(rows, width, colour)


def distinct(rows: Sequence[Finding]) -> list[Finding]:
    """The rows, each once, whatever run they are from: kept ones may be found anew."""
    found: dict[bytes, Finding] = {}
    for row in rows:
        found.setdefault(msgspec.json.encode(msgspec.structs.replace(row, run=None)), row)
    return list(found.values())


def effect_of(row: Finding) -> str:
    """`56 pts [49–63]`, `0.42 nats [0.31 to 0.50]`, or a dash."""
    if row.effect is None:
        return ABSENT
    number = whole if row.unit in SHORT else _hundredths
    text = _with_unit(row, row.effect)
    if row.low is None or row.high is None:
        return text
    low, high = number(row.low), number(row.high)
    between = "–" if row.unit in SHORT and MINUS not in low + high else " to "
    return f"{text} [{low}{between}{high}]"


def p_of(row: Finding) -> str:
    """`0.032`, `< 0.001`, or nothing."""
    if row.p_holm is None:
        return ""
    return f"< {LEAST_P}" if row.p_holm < LEAST_P else f"{row.p_holm:.2g}"


def spread_of(row: Finding) -> str:
    """`4 pts`, with a star where the seeds' people do not explain it; nothing for one seed."""
    if row.spread is None:
        return ""
    star = "*" if row.p_spread is not None and row.p_spread < UNLIKELY else ""
    return _with_unit(row, row.spread) + star


def _with_unit(row: Finding, value: float) -> str:
    number = whole if row.unit in SHORT else _hundredths
    return number(value) + SHORT.get(row.unit, " nats" if row.unit == "nats" else "")


def _hundredths(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)


def _json(rows: Sequence[Finding]) -> str:
    text = msgspec.json.format(msgspec.json.encode(list(rows)), indent=2)
    return f"{text.decode()}\n"


def _jsonl(rows: Sequence[Finding]) -> str:
    return "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows)


def _csv(rows: Sequence[Finding]) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    for row in rows:
        fields = msgspec.structs.asdict(row)
        fields["by_seed"] = msgspec.json.encode(row.by_seed).decode()
        values = [fields[name] for name in FIELDS]
        writer.writerow([clean(one) if isinstance(one, str) else one for one in values])
    return file.getvalue()


def _markdown(rows: Sequence[Finding]) -> str:
    from xmm_cli.reporting.formats.markdown import escape

    if not rows:
        return ""
    header = [*COLUMNS, "comment"]
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    for family, group in groupby(rows, key=lambda row: row.family):
        lines.append(f"| **{escape(clean(family))}** |{' |' * (len(header) - 1)}")
        for row in group:
            cells = [escape(clean(cell)) for cell in (*_cells(row), row.comment)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", escape(LEGEND)]) + "\n"


def _latex(rows: Sequence[Finding]) -> str:
    from xmm_cli.reporting.formats.latex import escape, tabular

    if not rows:
        return ""
    lines = [[escape(clean(cell)) for cell in _cells(row)] for row in rows]
    return f"{tabular(list(COLUMNS), lines)}\n\n{escape(LEGEND)}\n"


def _html(rows: Sequence[Finding]) -> str:
    from xmm_cli.reporting.formats.html import escape, table

    if not rows:
        return ""
    lines = [[escape(cell) for cell in _cells(row)] for row in rows]
    made = table("Findings", COLUMNS, lines, "findings")
    return f'{made}\n<p class="legend">{escape(LEGEND)}</p>\n'


def _cells(row: Finding) -> tuple[str, ...]:
    return (
        row.claim, effect_of(row), p_of(row), str(row.seeds), spread_of(row), row.verdict,
    )  # fmt: skip


def _table(rows: Sequence[Finding], width: int, colour: bool) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from xmm_cli.reporting.terminal import printed

    if not rows:
        return ""
    roomy = width >= ROOMY
    table = Table(box=SIMPLE_HEAD, header_style="", padding=(0, 1), pad_edge=False, expand=True)
    for name in COLUMNS:
        if name == "finding":
            table.add_column(name, ratio=1, overflow="fold")
        elif roomy or name not in ("p (Holm)", "spread"):
            narrow = width >= 60
            table.add_column(name, no_wrap=narrow, justify="right" if name == "seeds" else "left")
    for family, group in groupby(rows, key=lambda row: row.family):
        table.add_row(Text(clean(family), "bold underline"))
        for row in group:
            claim, effect, p, seeds, spread, verdict = map(clean, _cells(row))
            judged = Text(verdict, COLOURS.get(verdict, ""))
            between = [Text(p), Text(seeds), Text(spread)] if roomy else [Text(seeds)]
            table.add_row(Text(claim), Text(effect, "bold"), *between, judged)
        table.add_section()
    return printed([table, Text(LEGEND, "dim")], width=width, colour=colour)
