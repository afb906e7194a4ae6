"""wga: -E_F[p^b nll] + l_R, with b = 1: weighted gradient ascent.

Wang et al. 2025 (arXiv 2502.19301); default of open-unlearning. The weight is a constant for the
gradient: what is forgotten already is not pushed any further.
"""

import torch

from xmm_cli.training.batch import Parts

BETA = 1.0


def wga(parts: Parts) -> torch.Tensor:
    """A scalar in nats."""
    logprobs = parts.forgotten.logprobs()
    weight = logprobs.detach().exp() ** BETA
    return (weight * logprobs).mean() + parts.retain.nll()
