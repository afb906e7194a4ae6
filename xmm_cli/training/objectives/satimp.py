"""satimp: -g E_F[p^b1 (1 - p)^b2 nll] + l_R, with b1 = 5, b2 = 1, g = 0.1.

Weights for saturation and importance together (Yang et al. 2025, arXiv 2505.11953); defaults of
open-unlearning. The weights are constants for the gradient, and vanish at p = 1: what is perfectly
memorized is hardly pushed at all.
"""

import torch

from xmm_cli.training.batch import Parts

BETA_1, BETA_2, GAMMA = 5.0, 1.0, 0.1


def satimp(parts: Parts) -> torch.Tensor:
    """A scalar in nats."""
    logprobs = parts.forgotten.logprobs()
    likely = logprobs.detach().exp()
    weight = likely**BETA_1 * (1 - likely) ** BETA_2
    return GAMMA * (weight * logprobs).mean() + parts.retain.nll()
