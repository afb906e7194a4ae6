"""Finding rows in one of the formats of a report, and their cells in words."""

from collections.abc import Sequence

import msgspec

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.words import ABSENT, MINUS, whole
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

    `width` and `colour` matter to `table` alone. Raises `WrongUsage` for an unknown format, or one
    that has no findings.
    """
    way: Format = FORMATS.load(format)
    if way.findings is None:
        raise WrongUsage(f"--format {format} of finding rows", "this format shows scores alone")
    return way.findings(rows, width=width, colour=colour)


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


def cells_of(row: Finding) -> tuple[str, ...]:
    """Of each of the `COLUMNS`."""
    return (
        row.claim, effect_of(row), p_of(row), str(row.seeds), spread_of(row), row.verdict,
    )  # fmt: skip
