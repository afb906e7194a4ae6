"""npo: -(2 / b) E_F[log sigma(-b (S - S_ref))] + l_R, with b = 0.1.

Negative preference optimization (Zhang et al., arXiv 2404.05868, section 3), with the retain term
of its NPO-RT variant. S is summed over an answer's tokens, not averaged. The reference is the
checkpoint before unlearning, base and adapter together. As b falls to 0 its gradient becomes that
of ascent on S; as an answer is forgotten its weight falls to 0.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import needs


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    beta: Annotated[float, Meta(gt=0)] = 0.1
    """b: how soon an example that is forgotten stops counting."""


DEFAULTS = Config()


@needs(reference="logprobs")
def npo(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """A scalar. Raises `ValueError` where the forget part has no reference."""
    forget = parts.forgotten
    change = forget.summed() - forget.summed_before()
    preference = torch.nn.functional.logsigmoid(-config.beta * change).mean()
    return -2 / config.beta * preference + parts.retain.nll()
