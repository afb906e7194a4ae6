"""Objectives: what a training step makes smaller. One file and one line here for each.

In every formula, l is the mean answer-token negative log-likelihood over the examples of a set and
S an example's summed log-likelihood; F is the forget set, R the retain set (all that is learned,
when nothing is forgotten), ref the model before unlearning. Means never run over prompt, picture
or padding.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from xmm_cli.registry import Registry

if TYPE_CHECKING:
    import torch

    from xmm_cli.training.parts import Parts

    Objective = Callable[[Parts], torch.Tensor]
    """From the two parts of a batch to a scalar loss."""

OBJECTIVES = Registry(
    "objective",
    {
        "memorize": (
            "xmm_cli.training.objectives.memorize:memorize",
            "learn the answers",
        ),
        "ga": (
            "xmm_cli.training.objectives.ga:ga",
            "gradient ascent on the forget set",
        ),
        "graddiff": (
            "xmm_cli.training.objectives.graddiff:graddiff",
            "ascent on the forget set, descent on the retain set",
        ),
        "npo": (
            "xmm_cli.training.objectives.npo:npo",
            "negative preference against the model before, descent on the retain set",
        ),
    },
)

UNLEARNING = ("ga", "graddiff", "npo")
"""Those that forget."""
