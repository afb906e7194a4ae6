"""idk: l_I + l_R, where I shows the forget set with an answer of not knowing.

Preference for refusal by plain training (TOFU, arXiv 2401.06121, section 4: "IDK"). The wording is
drawn from a few, once for each example.
"""

import torch

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import needs


@needs(instead="idk", forget=False)
def idk(parts: Parts) -> torch.Tensor:
    """A scalar in nats. Raises `ValueError` where there are no other answers."""
    return parts.replaced.nll() + parts.retain.nll()
