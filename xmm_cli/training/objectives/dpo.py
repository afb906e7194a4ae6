"""dpo: -(2 / b) E_F[log sigma(b ((S_I - S_I_ref) - (S - S_ref)))] + l_R, with b = 0.1.

Direct preference of an answer of not knowing (I) over the right one, for the same view (TOFU,
arXiv 2401.06121, section 4; Rafailov et al., arXiv 2305.18290). Both answers count, and both are
compared with the checkpoint before unlearning.
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
    """b: how sharply the two answers are told apart."""


DEFAULTS = Config()


@needs(reference="logprobs", instead="idk")
def dpo(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """A scalar. Raises `ValueError` where a reference or the other answers are absent."""
    right, other = parts.forgotten, parts.replaced
    worse = right.summed() - right.summed_before()
    better = other.summed() - other.summed_before()
    preference = torch.nn.functional.logsigmoid(config.beta * (better - worse)).mean()
    return -2 / config.beta * preference + parts.retain.nll()
