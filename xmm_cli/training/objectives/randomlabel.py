"""randomlabel: l_X + l_R, where X shows the forget set under other people's names.

A common baseline (Golatkar et al., arXiv 1911.04933, call it random labels). The name is that of
another learned person, drawn once for each view, never the right one.
"""

import torch

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import needs


@needs(instead="other name", forget=False)
def randomlabel(parts: Parts) -> torch.Tensor:
    """A scalar in nats. Raises `ValueError` where there are no other answers."""
    return parts.replaced.nll() + parts.retain.nll()
