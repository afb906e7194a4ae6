"""Chance: what guessing earns in a cell.

- generating: the recall of the untrained base on the same persons; 0 if it was not probed
- ranking N candidates: 1/N, averaged over the questions where N varies

Source: DESIGN, terms.
"""

from typing import Any

from xmm_cli.scoring.metric import TRAINED, Metric


def chance(share: Any) -> Any:
    """The mean share itself."""
    return share


METRIC = Metric(formula=chance, over=TRAINED, of="chance")
