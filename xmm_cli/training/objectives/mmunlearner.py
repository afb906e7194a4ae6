"""mmunlearner: steps in turn, -l_F on salient weights alone, then l_R on all.

MMUnlearner (Huo et al., arXiv 2502.11051). A weight is salient where the squared gradient of l_F,
averaged over batches before the first step, is at least t = 1 times that of l_R; the gradients of
all others are set to zero in the steps that forget. Gradients are clipped at the loop's norm of 1.
The source masks the weights of the whole language model; here the masks are of the adapter's
weights. Adam's moments are shared by both kinds of step, as in the source.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from msgspec import Meta

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import Objective, Start


@dataclass(frozen=True, slots=True)
class Config:
    """The constants of the formula."""

    threshold: Annotated[float, Meta(ge=0)] = 1.0
    """t: the least ratio of squared gradients of a salient weight."""


DEFAULTS = Config()


class MMUnlearner(Objective):
    """Remembers which weights are salient, and whose turn it is."""

    def __init__(
        self, masks: dict[str, torch.Tensor] | None = None, config: Config = DEFAULTS
    ) -> None:
        self.masks, self.config = masks or {}, config
        self.forgetting = True

    def begin(self, start: Start) -> "MMUnlearner":
        """One with masks, bool and shaped as the adapter's weights, of the model as it is now."""
        weights = {n: w for n, w in start.model.named_parameters() if w.requires_grad}
        forget = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        retain = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        for parts in start.parts():
            _add_squares(forget, parts.forgotten.nll(), weights)
            _add_squares(retain, parts.retain.nll(), weights)
        threshold = self.config.threshold
        masks = {name: forget[name] >= threshold * retain[name] for name in weights}
        return MMUnlearner(masks, self.config)

    def before_step(self, step: int) -> None:
        """Forget first."""
        self.forgetting = step % 2 == 0

    def __call__(self, parts: Parts) -> torch.Tensor:
        """A scalar in nats."""
        return -parts.forgotten.nll() if self.forgetting else parts.retain.nll()

    def after_backward(self, model: torch.nn.Module) -> None:
        """Keep a forgetting step from all weights that matter more to the retain set."""
        if not self.forgetting:
            return
        for name, weight in model.named_parameters():
            if weight.grad is not None and name in self.masks:
                weight.grad *= self.masks[name]


def _add_squares(
    sums: dict[str, torch.Tensor], loss: torch.Tensor, weights: dict[str, torch.Tensor]
) -> None:
    found = torch.autograd.grad(loss, list(weights.values()), retain_graph=True, allow_unused=True)
    for name, gradient in zip(weights, found, strict=True):
        if gradient is not None:
            sums[name] += gradient.pow(2)


mmunlearner = MMUnlearner()
