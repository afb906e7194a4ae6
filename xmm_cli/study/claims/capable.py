"""Is the gap there on every base, and does it shrink with size, alignment or adapter rank?

What these rows compare differs in more than it is called after: the bare base also lacks a third of
the training, and a rank changes the adapter's scale where alpha stays. The rows say so.
"""

from typing import Any

import numpy as np

from xmm_cli.rows.types import Finding
from xmm_cli.scoring.intervals import Formula
from xmm_cli.scoring.metrics.transfer_ratio import transfer_ratio
from xmm_cli.study.claims.gap import gap_row, guesses
from xmm_cli.study.claims.views import slope
from xmm_cli.study.effects import Shares, mean
from xmm_cli.study.study import DIRECTIONS, Study, sizes
from xmm_cli.study.verdict import PRESENT, SHRINKS

FAMILY = "capable models"


def find(study: Study) -> list[Finding]:
    """A gap row per base and direction, then the axes."""
    bases = study.bases()
    if len(bases) < 2:
        study.leave_out("capable models", "fewer than two bases")
    found = [
        gap_row(study, FAMILY, source, target, base)
        for base in bases
        for source, target in DIRECTIONS
        if len(bases) > 1 and all(_pair(study, source, target, base))
    ]
    for source, target in DIRECTIONS:
        found += _size(study, source, target)
    for source, target in DIRECTIONS:
        found += _alignment(study, source, target)
    for source, target in DIRECTIONS:
        found += _rank(study, source, target)
    return found


def _pair(study: Study, source: Any, target: Any, base: str, **fields: Any) -> list[Shares]:
    return [study.shares(source, asked, base, **fields) for asked in (source, target)]


def gap_slope(at: list[float]) -> Formula:
    """The slope over `at` of the gap, for same- and cross-modal recall in turn."""
    along = slope(at)

    def formula(*values: Any) -> Any:
        return along(*(same - cross for same, cross in zip(values[::2], values[1::2], strict=True)))

    return formula


def _gaps(cells: list[Shares]) -> str:
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return ", ".join(f"{100 * (mean(same) - mean(cross)):.0f}" for same, cross in pairs)


def _size(study: Study, source: Any, target: Any) -> list[Finding]:
    rungs = {base: float(at) for at, base in enumerate(sizes(study.base))}
    there = {base: at for base, at in rungs.items() if all(_pair(study, source, target, base))}
    if len(there) < 2:
        study.leave_out("size", "fewer than two sizes of the base", f"{source} → {target}")
        return []
    cells = [cell for base in there for cell in _pair(study, source, target, base)]
    return [
        study.finding(
            FAMILY,
            f"the gap shrinks with size, {source} → {target}",
            "least-squares slope of the gap in recall per rung of the ladder xs, s, default",
            SHRINKS,
            cells,
            gap_slope(list(there.values())),
            comment=f"gaps {_gaps(cells)} points on {', '.join(there)}",
        )
    ]


def _alignment(study: Study, source: Any, target: Any) -> list[Finding]:
    bare = f"{study.base}-bare"
    cells = [cell for base in (bare, study.base) for cell in _pair(study, source, target, base)]
    if not all(cells):
        study.leave_out("alignment", "no rows of the bare base", f"{source} → {target}")
        return []
    pairs = [(cells[:2], bare), (cells[2:], study.base)]
    chances = [
        guess.chance for own, base in pairs for guess in guesses(study, source, target, own, base)
    ]

    def ratios(bare_same: Any, bare_cross: Any, same: Any, cross: Any) -> Any:
        return transfer_ratio(same, cross) - transfer_ratio(bare_same, bare_cross)

    said = f"{bare} also lacks the steps of training in which the other one was aligned"
    return [
        study.finding(
            FAMILY,
            f"the aligned base has a smaller gap, {source} → {target}",
            f"gap on {bare} minus gap on {study.base}, in memory",
            PRESENT,
            cells,
            lambda bare_same, bare_cross, same, cross: (bare_same - bare_cross) - (same - cross),
            comment=f"gaps {_gaps(cells)} points; {said}",
            chances=chances,
        ),
        study.finding(
            FAMILY,
            f"the aligned base transfers more, {source} → {target}",
            f"transfer ratio on {study.base} minus that on {bare}",
            PRESENT,
            cells,
            ratios,
            unit="difference of ratios",
            comment=said,
            chances=chances,
        ),
    ]


def _rank(study: Study, source: Any, target: Any) -> list[Finding]:
    ranks = sorted({place.rank for place in study.people.places(source=source, base=study.base)})
    there = [rank for rank in ranks if all(_pair(study, source, target, "", rank=rank))]
    if len(there) < 2:
        study.leave_out("adapter rank", "fewer than two ranks", f"{source} → {target}")
        return []
    cells = [cell for rank in there for cell in _pair(study, source, target, "", rank=rank)]
    return [
        study.finding(
            FAMILY,
            f"the gap shrinks with the adapter's rank, {source} → {target}",
            "least-squares slope of the gap in recall per doubling of the rank, alpha being as the "
            "runs say",
            SHRINKS,
            cells,
            gap_slope([float(np.log2(rank)) for rank in there]),
            comment=f"gaps {_gaps(cells)} points at rank {', '.join(map(str, there))}",
        )
    ]
