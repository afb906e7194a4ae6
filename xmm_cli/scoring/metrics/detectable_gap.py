"""Detectable gap: the smallest paired gap that so many persons can show at 80 % power.

gap = (t_α/2 · √(n / (n − 1)) + z_β) · s / √n

n: persons; s: standard deviation of the persons' paired differences; t: the quantile of Student's t
with n − 1 degrees of freedom at the level of the intervals (5 %, two-sided, as a rule), which are
expanded so (`scoring.intervals`); z: the normal quantile at 80 % power. This is the paired test's
sample size turned round (J. Cohen, Statistical Power Analysis, 1988, ch. 2). Where fewer than three
persons differ, s² is that of one question a person with discordance ψ = 0.30, of which a gap g
leaves ψ − g² (R. Connor, Biometrics 43, 1987): gap = c √(ψ / (1 + c²)), with c the same over √n. At
n = 100 that is 15 points.

The gap is one of memory, (recall − chance) / (1 − chance): so are the differences, with chance
taken as fixed, and ψ, which is of answers, is scaled likewise.
"""

from typing import Any

import numpy as np

from xmm_cli.scoring.intervals import Floats
from xmm_cli.scoring.metric import DIRECTIONS, Metric
from xmm_cli.scoring.special import special

POWER = 0.8
DISCORDANCE = 0.30
"""Assumed share of persons who differ between the two cells, where too few are seen to."""
LEAST_DIFFERING = 3
LEAST_PERSONS = 4


def smallest_gap(differences: Floats, level: float, scale: float = 1.0) -> tuple[float | None, str]:
    """The formula above for the persons' differences in memory, and how it was made.

    `scale` is what a point of recall is in memory, 1 / (1 − chance).
    """
    persons = len(differences)
    if persons < LEAST_PERSONS:
        return None, f"none: {persons} persons can show no gap"
    far = special().stdtrit(persons - 1, (1 + level) / 2) * (persons / (persons - 1)) ** 0.5
    reach = float(far + special().ndtri(POWER)) / persons**0.5
    words = f"{100 * POWER:.0f} % power at a level of {level:g}, paired by person"
    spread = float(np.std(differences, ddof=1))
    if np.sum(np.abs(differences - np.median(differences)) > 0) < LEAST_DIFFERING:
        gap = scale * reach * (DISCORDANCE / (1 + reach**2)) ** 0.5
        return min(gap, 1.0), f"{words}; discordance taken as {DISCORDANCE:.2f}"
    return min(reach * spread, 1.0), f"{words}; persons' differences spread by {spread:.2f}"


def detectable_gap(same: Any, cross: Any) -> Any:
    """The gap of which this is the smallest."""
    return same - cross


METRIC = Metric(formula=detectable_gap, over=DIRECTIONS, of="spread")
