"""What a finding is, and the one rule by which its verdict is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from xmm_cli.scoring.between import Between

Verdict = Literal["holds", "does not hold", "unclear"]
Unit = Literal["share", "difference of shares", "difference of ratios", "ratio", "nats"]

SMALLEST = 0.05
"""The smallest effect of interest: five points of recall. Whoever says that something is there
means at least that much of it."""
TOLERATED = 0.05
"""What may be lost before it counts as a loss."""
NEAR_ZERO = 0.1
"""A recall whose whole interval lies below this is none. With every answer wrong it takes 36
persons to show that (Clopper-Pearson)."""
FEW_PERSONS = 8
"""With fewer persons no verdict is given."""


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


@dataclass(frozen=True, slots=True)
class Claim:
    """What is claimed of an effect: that it lies above or below a threshold, or apart from 0.

    `presence`: the claim is that something is there, which an effect surely smaller than `SMALLEST`
    beyond the threshold refutes.
    """

    side: Literal["above", "below", "apart"]
    threshold: float = 0.0
    presence: bool = False


PRESENT = Claim("above", presence=True)
SHRINKS = Claim("below", presence=True)
APART = Claim("apart")
KEPT = Claim("above", -TOLERATED)
NONE = Claim("below", NEAR_ZERO)


class Finding(Struct, frozen=True, kw_only=True):
    """One row of the findings table."""

    family: str
    finding: str
    """The claim in words."""
    measure: str
    effect: float | None
    low: float | None
    high: float | None
    seeds: int
    verdict: Verdict
    by_seed: dict[str, float | None]
    n: int
    """Persons."""
    unit: Unit
    comment: str


def judge(estimate: Estimate | None, claim: Claim) -> Verdict:
    """The verdict on a claim.

    - `holds`: the whole interval lies on the claimed side of the threshold, and so does every
      seed's own estimate.
    - `does not hold`: the whole interval lies on the other side; or something was claimed to be
      there, and the whole interval lies short of `SMALLEST` beyond the threshold.
    - `unclear`: everything else, and whatever has no interval or fewer than `FEW_PERSONS` persons.

    A claim of `apart` (two-sided) holds on either side of 0, and does not hold where the whole
    interval lies within `SMALLEST` of 0.
    """
    if estimate is None or estimate.low is None or estimate.high is None:
        return "unclear"
    if estimate.persons < FEW_PERSONS:
        return "unclear"
    side = claim.side
    if side == "apart":
        side = "above" if estimate.effect > 0 else "below"
    sign = 1 if side == "above" else -1
    threshold = sign * claim.threshold
    low, high = sorted((sign * estimate.low, sign * estimate.high))
    seeds = estimate.by_seed.values()
    if low > threshold and all(own is not None and sign * own > threshold for own in seeds):
        return "holds"
    if claim.side == "apart":
        return "does not hold" if low > -SMALLEST and high < SMALLEST else "unclear"
    if high < threshold or (claim.presence and high < threshold + SMALLEST):
        return "does not hold"
    return "unclear"
