"""How many people an audit needs, and which leak so many can show.

Normal approximations over persons, whose differences have the standard deviation s:

- within ±δ at n persons, if the true difference is d (two one-sided tests at α): Φ((δ − d)√n/s − z)
  + Φ((δ + d)√n/s − z) − 1, with z = Φ⁻¹(1 − α);
- beyond δ: Φ((|d| − δ)√n/s − z).

No fewer than ln α / ln(1 − δ) persons can show that nothing is within δ of nothing: then even the
exact interval of no right answer (Clopper-Pearson) is too wide. Where k tests must all succeed,
each is asked to succeed with 1 − β/k (Bonferroni), so that all do with 1 − β. Before rows are
there, s is that of `views` answers a person of which two have the correlation `ALIKE`.
"""

from collections.abc import Callable
from math import ceil, log
from statistics import NormalDist

from xmm_cli.study.verdict import FEW_PERSONS

POWER = 0.8
"""With this chance people enough show what is so."""
GUESS = 0.02
"""The recall that a model which never met a person is taken to have, where nothing is measured."""
ALIKE = 0.5
"""The correlation of two answers about one person, within a model and a modality."""
MOST = 100_000
"""More people are not counted."""

_NORMAL = NormalDist()


def spread_of(recall: float, views: int) -> float:
    """The standard deviation over persons of their share of right answers."""
    return float((recall * (1 - recall) * (1 + (views - 1) * ALIKE) / views) ** 0.5)


def least_persons(margin: float, level: float) -> int:
    """So many must be asked if no right answer at all is to be shown to be within the margin."""
    return ceil(log(level) / log(1 - margin))


def power_within(persons: int, true: float, spread: float, margin: float, level: float) -> float:
    """The chance that so many persons show a true difference to be within the margin."""
    z, error = _NORMAL.inv_cdf(1 - level), spread / persons**0.5
    ends = (margin - true) / error - z, (margin + true) / error - z
    return max(0.0, sum(map(_NORMAL.cdf, ends)) - 1)


def power_beyond(persons: int, true: float, spread: float, margin: float, level: float) -> float:
    """The chance that so many persons show a true difference to be beyond the margin."""
    z, error = _NORMAL.inv_cdf(1 - level), spread / persons**0.5
    return _NORMAL.cdf((abs(true) - margin) / error - z)


def persons_needed(
    true: float, spread: float, margin: float, level: float, tests: int = 1
) -> int | None:
    """So many decide whether such a difference is within the margin, with the chance `POWER`.

    `tests`: how many there are. All must succeed to be within; to be beyond, one is enough, but the
    level is divided among them (Bonferroni, Holm's first step). None where more than `MOST` are
    needed.
    """
    spread = max(spread, 2**0.5 * spread_of(GUESS, 1))
    within = abs(true) < margin
    power, wanted = (power_within, 1 - (1 - POWER) / tests) if within else (power_beyond, POWER)
    least = least_persons(margin, level) if within else 1
    each = level if within else level / tests
    return _first(lambda n: power(n, true, spread, margin, each) >= wanted, least)


def smallest_leak(
    persons: int, views: int, margin: float, level: float, tests: int = 1
) -> float | None:
    """The smallest recall, beside a model that guesses, that is shown to be beyond the margin.

    With the chance `POWER`, corrected for so many tests. None where not even a recall of 1 is, and
    for so few persons that there is no verdict.
    """
    if persons < FEW_PERSONS:
        return None
    for points in range(ceil(100 * (margin + GUESS)), 101):
        recall = points / 100
        both = (spread_of(recall, views) ** 2 + spread_of(GUESS, views) ** 2) ** 0.5
        shown = power_beyond(persons, recall - GUESS, both, margin, level / tests)
        if shown >= POWER:
            return recall
    return None


def persons_for_margin(views: int, margin: float, level: float, tests: int = 1) -> int | None:
    """So many show that a model which guesses like a retrained one is within the margin of it."""
    spread = 2**0.5 * spread_of(GUESS, views)
    wanted = 1 - (1 - POWER) / tests
    least = least_persons(margin, level)
    return _first(lambda n: power_within(n, 0.0, spread, margin, level) >= wanted, least)


def _first(enough: Callable[[int], bool], least: int) -> int | None:
    """The smallest number from `least` on that is enough; more never being less so."""
    low, high = least, MOST
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
