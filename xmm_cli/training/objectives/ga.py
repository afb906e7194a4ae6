"""ga: -l_F, gradient ascent (Maini et al., TOFU, arXiv 2401.06121, section 4).

Nothing holds the model back: with many steps it forgets everything.
"""

import torch

from xmm_cli.training.batch import Parts


def ga(parts: Parts) -> torch.Tensor:
    """Ascent on the forget set; a scalar in nats."""
    return -parts.forgotten.nll()
