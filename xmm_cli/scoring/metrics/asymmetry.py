"""Asymmetry: whether memory crosses more easily from image to text than back.

asymmetry = ratio(image→text) − ratio(text→image), on the same persons

Above 0: pictures carry over to descriptions better than descriptions to pictures. Source: DESIGN,
terms.
"""

from typing import Any

from xmm_cli.scoring.metric import BOTH_DIRECTIONS, Metric
from xmm_cli.scoring.metrics.transfer_ratio import transfer_ratio


def asymmetry(image_image: Any, image_text: Any, text_text: Any, text_image: Any) -> Any:
    """The formula above from the four memories, for numbers or arrays."""
    return transfer_ratio(image_image, image_text) - transfer_ratio(text_text, text_image)


METRIC = Metric(formula=asymmetry, over=BOTH_DIRECTIONS, divisors=(0, 2), against_zero=True)
