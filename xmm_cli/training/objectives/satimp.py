"""satimp: -g E_F[p^b1 (1 - p)^b2 nll] + l_R, with b1 = 5, b2 = 1, g = 0.1.

Weights for saturation and importance together (Yang et al. 2025, arXiv 2505.11953); defaults of
open-unlearning. The weights are constants for the gradient, and vanish at p = 1: what is perfectly
memorized is hardly pushed at all.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    beta1: Annotated[float, Meta(ge=0)] = 5.0
    """b1: the exponent of saturation."""
    beta2: Annotated[float, Meta(ge=0)] = 1.0
    """b2: the exponent of importance."""
    gamma: Annotated[float, Meta(gt=0)] = 0.1
    """g: the weight of forgetting."""


DEFAULTS = Config()


def satimp(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """A scalar in nats."""
    logprobs = parts.forgotten.logprobs()
    likely = logprobs.detach().exp()
    weight = likely**config.beta1 * (1 - likely) ** config.beta2
    return config.gamma * (weight * logprobs).mean() + parts.retain.nll()
