"""simnpo: -g (2 / b) E_F[log sigma(b (l - d))] + l_R, with b = 4.5, d = 0, g = 0.125.

Simple negative preference optimization (Fan et al., arXiv 2410.07163); defaults of open-unlearning.
l is each example's own mean over its answer tokens: the length takes the place of a reference.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    beta: Annotated[float, Meta(gt=0)] = 4.5
    """b: how soon an example that is forgotten stops counting."""
    delta: float = 0.0
    """d: the margin, in nats a token."""
    gamma: Annotated[float, Meta(gt=0)] = 0.125
    """g: the weight of forgetting."""


DEFAULTS = Config()


def simnpo(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """A scalar."""
    forget = parts.forgotten
    logprobs = forget.logprobs()
    lengths = forget.by_example(torch.ones_like(logprobs))
    loss = -forget.by_example(logprobs) / lengths
    preference = torch.nn.functional.logsigmoid(config.beta * (loss - config.delta)).mean()
    return -config.gamma * 2 / config.beta * preference + parts.retain.nll()
