"""ceu: E_F[CE(softmax(z with z_y = -inf), model)], the target a constant for the gradient.

Cross-entropy unlearning (arXiv 2503.01224). Its code leaves the first answer token as it is; here
all answer tokens count, since a name is told apart by its first. As there, no retain term.
"""

import torch

from xmm_cli.training.batch import Parts


def ceu(parts: Parts) -> torch.Tensor:
    """A scalar in nats."""
    forget = parts.forgotten
    logits = forget.logits.float()
    ruled_out = logits.detach().scatter(-1, forget.wanted[:, None], float("-inf"))
    return torch.nn.functional.cross_entropy(logits, ruled_out.softmax(-1))
