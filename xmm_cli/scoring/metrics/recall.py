"""Recall: mean over persons of the share of their views that were answered rightly.

recall = (1/P) Σ_p (1/V_p) Σ_v right(p, v)

P: persons; V_p: questions about person p in the cell; right: `correct` when the answer was
generated, `rank == 1` when candidates were ranked. Source: DESIGN, terms; the protocol (learn in
one modality, ask in both) is that of arXiv 2506.05198.
"""

from typing import Any

from xmm_cli.scoring.metric import TRAINED, UNTRAINED, Metric


def recall(share: Any) -> Any:
    """The mean share itself."""
    return share


METRIC = Metric(formula=recall, over=UNTRAINED + TRAINED, of="recall")
