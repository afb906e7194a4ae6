"""graddiff: l_R - l_F, gradient difference (Liu et al. 2022; TOFU, arXiv 2401.06121, section 4)."""

import torch

from xmm_cli.training.batch import Parts


def graddiff(parts: Parts) -> torch.Tensor:
    """Ascent on the forget set and descent on the retain set; a scalar in nats."""
    return parts.retain.nll() - parts.forgotten.nll()
