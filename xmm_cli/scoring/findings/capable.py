"""Is the gap there on every base, and does it shrink with size, alignment or adapter rank?"""

from typing import Any

import numpy as np

from xmm_cli.scoring.findings.estimate import Formula, Shares, mean
from xmm_cli.scoring.findings.finding import PRESENT, SHRINKS, Finding
from xmm_cli.scoring.findings.gap import gap_row, ratio
from xmm_cli.scoring.findings.study import DIRECTIONS, Study, sizes
from xmm_cli.scoring.findings.views import slope

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
            "least-squares slope of the gap per rung of the ladder xs, s, default",
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
    bases = [base for base in (bare, study.base) for _ in range(2)]
    asked = [source, target] * 2
    chances = [
        study.untrained(modality, cells[0], base)
        for modality, base in zip(asked, bases, strict=True)
    ]
    guessed = [mean(chance) if chance else 0.0 for chance in chances]
    before, after = ratio(*guessed[:2]), ratio(*guessed[2:])

    def ratios(bare_same: Any, bare_cross: Any, same: Any, cross: Any) -> Any:
        return after(same, cross) - before(bare_same, bare_cross)

    return [
        study.finding(
            FAMILY,
            f"aligned modalities have a smaller gap, {source} → {target}",
            f"gap on {bare} minus gap on {study.base}, in recall",
            PRESENT,
            cells,
            lambda bare_same, bare_cross, same, cross: (bare_same - bare_cross) - (same - cross),
            comment=f"gaps {_gaps(cells)} points",
        ),
        study.finding(
            FAMILY,
            f"aligned modalities transfer more, {source} → {target}",
            f"transfer ratio on {study.base} minus that on {bare}",
            PRESENT,
            cells,
            ratios,
            unit="difference of ratios",
            comment="" if all(chances) else "chance taken as 0: no untrained rows",
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
            "least-squares slope of the gap per doubling of the rank",
            SHRINKS,
            cells,
            gap_slope([float(np.log2(rank)) for rank in there]),
            comment=f"gaps {_gaps(cells)} points at rank {', '.join(map(str, there))}",
        )
    ]
