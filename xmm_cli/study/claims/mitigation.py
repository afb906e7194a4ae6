"""Which methods close the gap, and at what cost?"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np

from xmm_cli.rows.types import Finding, Verdict
from xmm_cli.study.claims.gap import guesses, otherwise
from xmm_cli.study.effects import Chances, Shares
from xmm_cli.study.study import DIRECTIONS, Study, minus, percents
from xmm_cli.study.verdict import KEPT, PRESENT, Claim

FAMILY = "mitigation"
HALF = 0.5


class Method(NamedTuple):
    """A way to train, a way to ask, or both."""

    mitigation: str | None
    asking: str | None

    def __str__(self) -> str:
        return " + ".join(part for part in self if part)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What one method did in one direction."""

    cells: list[Shares]
    """Same- and cross-modal recall without it, then with it."""
    chances: Chances
    """What guessing earns there. That of models without the method stands for both: others may have
    been taught the people who would be strangers."""
    closed: Finding
    cost: Finding


def find(study: Study) -> list[Finding]:
    """Base by base and method by method, then the best method of each base."""
    findings, best = [], []
    for base in study.bases():
        by_method: dict[Method, list[_Tried]] = {}
        for method in methods(study, base):
            tried = [
                _try(study, base, method, source, target, cells)
                for source, target in DIRECTIONS
                if all(cells := cells_of(study, base, method, source, target))
            ]
            by_method[method] = tried
            findings += [
                row for comparison in tried for row in (comparison.closed, comparison.cost)
            ]
        best += _best(study, base, by_method)
    if not findings:
        study.leave_out(FAMILY, "no rows of a mitigation")
    return findings + best


def methods(study: Study, base: str) -> list[Method]:
    """The methods tried on a base."""
    places = study.people.places(
        base=base, task="name", role="eval", views=study.views, set=None, control=None
    )
    tried = {
        Method(place.mitigation, place.asking): None
        for place in places
        if place.objective is None and place.source in ("image", "text")
    }
    return [method for method in tried if any(method)]


def cells_of(study: Study, base: str, method: Method, source: Any, target: Any) -> list[Shares]:
    """Same- and cross-modal recall without a method, then with it."""
    return [
        study.shares(source, asked, base, mitigation=how.mitigation, asking=how.asking)
        for how in (Method(None, None), method)
        for asked in (source, target)
    ]


def closed(same: Any, cross: Any, same_with: Any, cross_with: Any) -> Any:
    """The part of the gap that is closed: 1 − gap with / gap without; NaN where there is none.

    The metric `gap_closed` of two runs.
    """
    gap = np.asarray(same) - np.asarray(cross)
    left = np.asarray(same_with) - np.asarray(cross_with)
    return np.where(gap > 0, 1 - left / np.where(gap > 0, gap, 1.0), np.nan)


def _try(
    study: Study, base: str, method: Method, source: str, target: str, cells: list[Shares]
) -> _Tried:
    name = f"{method}, {source} → {target}, {base}"
    plain_same, _, same, _ = cells
    guess = guesses(study, source, target, cells[:2], base)
    chances = [guessed.chance for guessed in (*guess, *guess)]
    how = {"mitigation": method.mitigation, "asking": method.asking}
    return _Tried(
        cells,
        chances,
        study.finding(
            FAMILY,
            f"the gap closes by {name}",
            "1 − gap in memory with the method / gap without it, same persons",
            PRESENT,
            cells,
            closed,
            unit="share",
            comment=f"recall without {percents(cells[:2])}"
            f"{otherwise(study, source, target, base)}; with {percents(cells[2:])}"
            f"{otherwise(study, source, target, base, **how)}",
            chances=chances,
        ),
        study.finding(
            FAMILY,
            f"what was learned is kept by {name}",
            "recall in the modality learned in, with minus without; at most 5 points lost",
            KEPT,
            [same, plain_same],
            minus,
            comment=percents([same, plain_same]),
        ),
    )


def _best(study: Study, base: str, by_method: dict[Method, list[_Tried]]) -> list[Finding]:
    """Whether one method closes half of both gaps and loses nothing."""
    whole = {method: tried for method, tried in by_method.items() if len(tried) == len(DIRECTIONS)}
    if not whole:
        return []
    method = max(whole, key=lambda method_name: _merit(whole[method_name]))
    tried = whole[method]

    def least(*values: Any) -> Any:
        return np.minimum(closed(*values[:4]), closed(*values[4:]))

    row = study.finding(
        FAMILY,
        f"half of both gaps closes, and nothing is lost, {base}",
        "the smaller closed part of both directions for the best method; holds above 50 % if "
        "same-modal recall is kept in both",
        Claim("above", HALF),
        [cell for comparison in tried for cell in comparison.cells],
        least,
        unit="share",
        comment=f"by {method}, the best of {len(whole)}, chosen on the same persons",
        chances=[chance for comparison in tried for chance in comparison.chances],
    )
    verdict = _together([row.verdict, *(comparison.cost.verdict for comparison in tried)])
    return [msgspec.structs.replace(row, verdict=verdict)]


def _merit(tried: list[_Tried]) -> tuple[bool, float]:
    """Methods that surely lose something come after all others."""
    loses = any(comparison.cost.verdict == "does not hold" for comparison in tried)
    parts = [
        -np.inf if comparison.closed.effect is None else comparison.closed.effect
        for comparison in tried
    ]
    return (not loses, float(min(parts)))


def _together(verdicts: list[Verdict]) -> Verdict:
    """Of several claims made at once, all of which must hold.

    Each is tested at the full level (R. Berger's intersection-union test, Technometrics 24 (1982)).
    """
    if "does not hold" in verdicts:
        return "does not hold"
    return "holds" if set(verdicts) == {"holds"} else "unclear"
