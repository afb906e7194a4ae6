"""Memory: recall corrected for chance.

memory = (recall − chance) / (1 − chance)

0 is guessing, 1 is knowing all; below 0 is worse than guessing. Source: DESIGN, terms (the form of
Abbott's formula, 1925, and of Cohen's kappa, 1960).
"""

from typing import Any

from xmm_cli.scoring.metric import TRAINED, Metric


def memory(value: Any) -> Any:
    """The corrected recall itself: each metric but recall and chance starts from it."""
    return value


def corrected(recall: Any, chance: Any) -> Any:
    """The formula above, for numbers or arrays."""
    return (recall - chance) / (1 - chance)


METRIC = Metric(formula=memory, over=TRAINED)
