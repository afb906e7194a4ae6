"""wga: -E_F[p^b nll] + l_R, with b = 1: weighted gradient ascent.

Wang et al. 2025 (arXiv 2502.19301); default of open-unlearning. The weight is a constant for the
gradient: what is forgotten already is not pushed any further.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    beta: Annotated[float, Meta(ge=0)] = 1.0
    """b: the exponent of a token's probability."""


DEFAULTS = Config()


def wga(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """A scalar in nats."""
    logprobs = parts.forgotten.logprobs()
    weight = logprobs.detach().exp() ** config.beta
    return (weight * logprobs).mean() + parts.retain.nll()
