"""Transfer ratio: the part of a memory that is there in the other modality too.

ratio = memory(source→target) / memory(source→source), on the same persons

Absent where memory(source→source) is too near 0 to divide by. Source: DESIGN, terms.
"""

from typing import Any

import numpy as np

from xmm_cli.scoring.metric import DIRECTIONS, Metric


def transfer_ratio(same: Any, cross: Any) -> Any:
    """The formula above, for numbers or arrays; not a number where `same` is not above zero."""
    same = np.asarray(same, dtype=float)
    return np.divide(cross, same, out=np.full(same.shape, np.nan), where=same > 0)


METRIC = Metric(formula=transfer_ratio, over=DIRECTIONS, divisors=(0,))
