"""Membership: whether Min-K% tells the people who were taught from strangers.

AUC = P(min_k of someone taught > min_k of a stranger), ties by half

0.5: they cannot be told apart; 1: always. Source: Shi et al., 2024 (arXiv 2310.16789), who report
the AUC; it is the Mann-Whitney U over n·m, by scipy, with a BCa interval over both groups' persons.
Needs rows of `xmm probe --tokens` about the taught and, with `--role aux`, about others.
"""

from typing import Any

from xmm_cli.scoring.across import Across, Compared
from xmm_cli.scoring.groups import Group
from xmm_cli.scoring.intervals import Floats, Interval

RESAMPLES = 1999
LEAST_PERSONS = 3


def are_strangers(own: Group, other: Group) -> bool:
    """Whether the other group differs from this one in the persons' role alone."""
    labels, others = (
        {k: v for k, v in one.condition.items() if k != "role"} for one in (own, other)
    )
    return (other.condition.get("role"), own.condition.get("role")) == ("aux", "eval") and (
        labels == others
    )


def membership(taught: Floats, strangers: Floats, level: float) -> Compared:
    """The formula above for the persons' values, with its interval."""
    from scipy.stats import bootstrap, mannwhitneyu

    def auc(x: Any, y: Any, axis: int = -1) -> Any:
        found = mannwhitneyu(x, y, axis=axis, method="asymptotic").statistic
        return found / (x.shape[axis] * y.shape[axis])

    value = float(auc(taught, strangers))
    words = f"AUC against {len(strangers)} strangers"
    if min(len(taught), len(strangers)) < LEAST_PERSONS or value in (0.0, 1.0):
        return value, None, f"{words}; no interval: too few persons, or wholly apart"
    found = bootstrap(
        (taught, strangers), auc, n_resamples=RESAMPLES, confidence_level=level, rng=0, batch=200
    ).confidence_interval
    if not found.low <= found.high:
        return value, None, f"{words}; no interval: persons do not differ"
    interval = Interval(float(found.low), float(found.high)).holding(value)
    return value, interval, f"{words}; BCa bootstrap over persons, {RESAMPLES} resamples"


MEMBERSHIP = Across("min_k", "rank", are_strangers, membership)
