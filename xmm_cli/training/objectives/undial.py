"""undial: E_F[CE(softmax(z_ref - b onehot(y)), model)], with b = 10.

Self-distillation on adjusted logits (Dong et al., arXiv 2402.10052); b as in open-unlearning. Only
answer tokens count: its code in open-unlearning also averages over prompt and padding, where the
mark of an absent label wraps to a real token. As there, no retain term.
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

    beta: Annotated[float, Meta(gt=0)] = 10.0
    """b: how far the right token's logit is lowered."""


DEFAULTS = Config()


@needs(reference="logits")
def undial(parts: Parts, config: Config = DEFAULTS) -> torch.Tensor:
    """A scalar in nats. Raises `ValueError` where the forget part has no reference."""
    forget = parts.forgotten
    right = torch.nn.functional.one_hot(forget.wanted, forget.logits.shape[-1])
    target = (forget.logits_before() - config.beta * right).softmax(-1)
    return torch.nn.functional.cross_entropy(forget.logits.float(), target)
