"""Objectives: what a training step makes smaller. One file and one line here for each."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from xmm_cli.registry import Registry

if TYPE_CHECKING:
    import torch

    Objective = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    """From the logits `(answer tokens, vocabulary)` of a batch and the tokens wanted, int64
    `(answer tokens,)`, to a scalar loss."""

OBJECTIVES = Registry(
    "objective",
    {
        "memorize": (
            "xmm_cli.training.objectives.memorize:memorize",
            "learn the answers: mean answer-token negative log-likelihood",
        ),
    },
)
