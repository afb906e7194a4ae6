"""Cross-modal memory score: one number for a model.

score = √(ratio(image→text) · ratio(text→image)), on the same persons

1: what is learned in one modality is fully known in the other; 0: in one direction at least,
nothing crosses. A ratio below 0 (recall under chance) counts as 0. Source: DESIGN, terms.
"""

from typing import Any

import numpy as np

from xmm_cli.scoring.metric import BOTH_DIRECTIONS, Metric
from xmm_cli.scoring.metrics.transfer_ratio import transfer_ratio


def cross_modal_score(image_image: Any, image_text: Any, text_text: Any, text_image: Any) -> Any:
    """The formula above from the four memories, for numbers or arrays."""
    forth = np.maximum(transfer_ratio(image_image, image_text), 0)
    back = np.maximum(transfer_ratio(text_text, text_image), 0)
    return np.sqrt(forth * back)


METRIC = Metric(formula=cross_modal_score, over=BOTH_DIRECTIONS, divisors=(0, 2), least=0.0)
