"""Transfer gap: what is lost when asked in the modality that was not learned from.

gap = memory(source→source) − memory(source→target), on the same persons

Above 0: less is recalled in the other modality. Source: DESIGN, terms; the gap is the question of
arXiv 2506.05198.
"""

from typing import Any

from xmm_cli.scoring.metric import DIRECTIONS, Metric


def transfer_gap(same: Any, cross: Any) -> Any:
    """The formula above, for numbers or arrays."""
    return same - cross


METRIC = Metric(formula=transfer_gap, over=DIRECTIONS, against_zero=True)
