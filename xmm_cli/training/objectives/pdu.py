"""pdu: E_F[(max z - mean z)^2] + m (l_R - e), m <- max(0, m + s (l_R - e)) after every step.

Primal-dual unlearning (arXiv 2506.05314): make the forget set's logits flat, subject to l_R <= e.
m starts at 1 and s = 1, as in open-unlearning; e = 1.1 times l_R at the start, which is measured on
retained examples before the first step. Only answer tokens count, each at the position it is told
from: the code in open-unlearning runs over prompt and padding too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import Objective, Start


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    step: Annotated[float, Meta(ge=0)] = 1.0
    """s: the step size of the multiplier."""
    slack: Annotated[float, Meta(ge=0)] = 0.1
    """How much the retain loss may rise above that at the start, as a share of it."""


DEFAULTS = Config()


class Pdu(Objective):
    """Remembers the multiplier, which every loss moves, and the bound."""

    def __init__(self, bound: float = 0.0, config: Config = DEFAULTS) -> None:
        self.bound, self.config = bound, config
        self.multiplier = 1.0

    def begin(self, start: Start) -> "Pdu":
        """One whose bound is the retain loss before the first step, with some slack."""
        with torch.no_grad():
            found = [float(parts.retain.nll()) for parts in start.parts()]
        return Pdu((1 + self.config.slack) * sum(found) / len(found), self.config)

    def __call__(self, parts: Parts) -> torch.Tensor:
        """A scalar; afterwards the multiplier is that of the next step."""
        logits = parts.forgotten.logits.float()
        flat = (logits.max(-1).values - logits.mean(-1)).pow(2).mean()
        above = parts.retain.nll() - self.bound
        loss = flat + self.multiplier * above
        self.multiplier = max(0.0, self.multiplier + self.config.step * float(above.detach()))
        return loss

    def state(self) -> dict[str, float]:
        """The multiplier; the bound is found again at the start."""
        return {"multiplier": self.multiplier}

    def restore(self, state: Mapping[str, float]) -> None:
        """Take it back."""
        self.multiplier = float(state["multiplier"])


pdu = Pdu()
