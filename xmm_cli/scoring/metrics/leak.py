"""Leak: what is still recalled of the forget set in the modality it was not unlearned through.

leak = memory(source→other modality) over the forget set

0: forgetting through one modality reached the other. Only for models unlearned through `image` or
`text` (label `through`). Read it with the memory in the worked-on modality: an unlearning that did
nothing leaks all. Source: DESIGN, terms.
"""

from xmm_cli.rows.types import Label
from xmm_cli.scoring.metric import TRAINED, Metric, Over, mean


def on_the_other_side(condition: dict[str, Label], set: str | None, over: Over) -> bool:
    """Whether these cells are of the forget set, asked about in the other modality."""
    through = condition.get("through")
    return set == "forget" and through in ("image", "text") and over.modality != through


METRIC = Metric(formula=mean, over=TRAINED, applies=on_the_other_side, against_zero=True)
