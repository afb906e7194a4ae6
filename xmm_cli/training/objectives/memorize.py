"""memorize: l_R, the mean answer-token negative log-likelihood, end tokens included."""

import torch

from xmm_cli.training.batch import Parts


def memorize(parts: Parts) -> torch.Tensor:
    """Plain training; a scalar in nats."""
    return parts.retain.nll()
