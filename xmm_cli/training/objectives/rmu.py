"""rmu: (E_F|h - c n u|^2 + a E_R|h - h_ref|^2) / n^2, with c = 2 and a = 1.

Representation misdirection (Li et al., arXiv 2403.03218, section 4). h are the hidden states of one
layer, from which answer tokens are told; u is a random unit vector of the run's seed. The source
picks layer and c by hand for each model; here the layer is the one halfway up, and c counts in n,
the mean norm of the forget set's hidden states before unlearning, by whose square the loss is
divided: so the defaults mean the same in any model. The source uses all tokens and trains three
layers; here answer tokens alone are steered, by the whole adapter below that layer.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import Needs, Objective, Start


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    steering: Annotated[float, Meta(gt=0)] = 2.0
    """c: how far hidden states are steered, in their mean norm."""
    alpha: Annotated[float, Meta(ge=0)] = 1.0
    """a: the weight of the retain term."""


DEFAULTS = Config()


class Rmu(Objective):
    """Steers towards one direction, which the seed decides."""

    needs = Needs(reference="hidden")

    def __init__(self, seed: int = 0, config: Config = DEFAULTS) -> None:
        self.seed, self.config = seed, config

    def begin(self, start: Start) -> "Rmu":
        """One with the direction of the run's seed."""
        return Rmu(start.seed, self.config)

    def direction(self, width: int) -> torch.Tensor:
        """float32 `(width,)`: a unit vector with positive entries, as in the source."""
        generator = torch.Generator().manual_seed(self.seed)
        drawn = torch.rand(width, generator=generator)
        return drawn / drawn.norm()

    def __call__(self, parts: Parts) -> torch.Tensor:
        """A scalar, in squares of the mean norm. Raises `ValueError` without hidden states."""
        now, before = parts.forgotten.states()
        kept, kept_before = parts.retain.states()
        norm = before.norm(dim=-1).mean()
        target = self.config.steering * norm * self.direction(now.shape[-1]).to(now.device)
        away = (now - target).pow(2).sum(-1).mean()
        near = (kept - kept_before).pow(2).sum(-1).mean()
        return (away + self.config.alpha * near) / norm**2


rmu = Rmu()
