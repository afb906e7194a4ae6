"""The one rule by which the verdict on a claim is made.

- Interval: `scoring.part`, 95 % over persons, made wider for seeds.
- p: the interval turned round (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993,
  section 15.4): p is the smallest α at which the interval of level 1 − α leaves the claim's
  threshold out. So interval and p never disagree, whatever the formula and however the interval is
  made.
- Holm's p, within a family of findings: S. Holm, Scand. J. Statist. 6 (1979); statsmodels.
- Equivalence: two one-sided tests at 5 % each (D. Schuirmann, J. Pharmacokin. Biopharm. 15 (1987)),
  which is that the 90 % interval lies within the margin. Both must agree (an intersection-union
  test, R. Berger, Technometrics 24 (1982)), which needs no correction. Nor do claims that something
  is none, or is kept: they are of all conditions at once, and one that fails refutes them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from xmm_cli.rows.types import Finding, Verdict
from xmm_cli.scoring.between import Between
from xmm_cli.scoring.intervals import Interval

ALPHA = 0.05
"""Of a verdict: Holm's p must be below it, and each one-sided test of equivalence is at it."""
SMALLEST = 0.05
"""The smallest effect of interest: five points of recall, 0.05 of any other unit."""
TOLERATED = 0.05
"""What may be lost before it counts as a loss."""
NEAR_ZERO = 0.1
"""A recall whose whole interval lies below this is none. With every answer wrong it takes 36
persons to show that (Clopper-Pearson)."""
FEW_PERSONS = 8
"""With fewer persons no verdict is given."""
LEAST_P = 2e-4
"""No p is said to be smaller: 9999 resamples do not show it."""
HALVINGS = 13
"""Of the range of log p; leaves 0.1 % of a p."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with its interval over persons, and what each seed alone says."""

    effect: float
    low: float | None
    high: float | None
    """None at both ends: there is no interval."""
    by_seed: Mapping[str, float | None]
    """None: with this seed's persons alone the effect is not defined."""
    persons: int
    between: Between | None = None
    """How far seeds differ, where several can be told apart."""
    how: str = ""
    """How the interval was made."""
    at: Callable[[float], Interval | None] | None = field(default=None, compare=False, repr=False)
    """The interval at any level, made in the same way."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of an effect: that it lies above or below a threshold, or apart from 0."""

    side: Literal["above", "below", "apart"]
    threshold: float = 0.0
    margin: bool = False
    """Whether the threshold is how far something that is none, or is kept, may be off."""


PRESENT = Claim("above")
SHRINKS = Claim("below")
APART = Claim("apart")
KEPT = Claim("above", -TOLERATED, margin=True)
NONE = Claim("below", NEAR_ZERO, margin=True)


def judge(estimate: Estimate | None, claim: Claim) -> Verdict:
    """The verdict on a claim by itself; `corrected` sets it beside the others of its family.

    - `negligible`: something is claimed to be there, that is apart from 0, and the 90 % interval
      lies within `SMALLEST` of 0. This comes first: an effect may surely be there, and be
      negligible.
    - `holds`: the whole interval lies on the claimed side of the threshold.
    - `does not hold`: the whole interval lies on the other side.
    - `unclear`: everything else, and whatever has no interval or fewer than `FEW_PERSONS` persons.

    A claim of `apart` holds on either side of 0. What the seeds say one by one has no part in it.
    """
    if estimate is None or estimate.low is None or estimate.high is None:
        return "unclear"
    if estimate.persons < FEW_PERSONS:
        return "unclear"
    if claim.threshold == 0 and is_negligible(estimate):
        return "negligible"
    above, below = estimate.low > claim.threshold, estimate.high < claim.threshold
    claimed = {"above": above, "below": below, "apart": above or below}[claim.side]
    if claimed:
        return "holds"
    return "does not hold" if above or below else "unclear"


def is_negligible(estimate: Estimate) -> bool:
    """Whether the effect is shown to lie within `SMALLEST` of 0."""
    inner = estimate.at(1 - 2 * ALPHA) if estimate.at else None
    low, high = inner or (estimate.low, estimate.high)
    if low is None or high is None:
        return False
    return low > -SMALLEST and high < SMALLEST


def p_value(estimate: Estimate, claim: Claim) -> float | None:
    """Two-sided p of the effect being at the claim's threshold, from `LEAST_P` to 1.

    None where there is no interval, too few persons for a verdict, or a margin to stay within.
    """
    at, threshold = estimate.at, claim.threshold
    if claim.margin or at is None or estimate.low is None or estimate.persons < FEW_PERSONS:
        return None

    def excluded(log_p: float) -> bool:
        found = at(1 - math.exp(log_p))
        return found is not None and not found.low <= threshold <= found.high

    out, inside = math.log(LEAST_P), math.log(1 - LEAST_P)
    if excluded(out):
        return LEAST_P
    if not excluded(inside):
        return 1.0
    out, inside = inside, out
    for _ in range(HALVINGS):
        middle = (out + inside) / 2
        out, inside = (middle, inside) if excluded(middle) else (out, middle)
    return round(math.exp(out), 6)


def corrected(rows: Sequence[Finding]) -> list[Finding]:
    """The rows with Holm's p within their family; what holds alone only becomes unclear."""
    families: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row.p is not None:
            families.setdefault(row.family, []).append(place)
    done = list(rows)
    if not families:
        return done
    from statsmodels.stats.multitest import multipletests

    for places in families.values():
        adjusted = multipletests([rows[place].p for place in places], method="holm")[1]
        for place, p_holm in zip(places, adjusted.tolist(), strict=True):
            done[place] = _beside_others(rows[place], round(p_holm, 6), len(places))
    return done


def _beside_others(row: Finding, p_holm: float, tests: int) -> Finding:
    row = msgspec.structs.replace(row, p_holm=p_holm)
    if row.verdict != "holds" or p_holm < ALPHA:
        return row
    said = f"not sure beside {tests - 1} other tests"
    comment = f"{row.comment}; {said}" if row.comment else said
    return msgspec.structs.replace(row, verdict="unclear", comment=comment)
