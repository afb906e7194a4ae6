"""simnpo: -g (2 / b) E_F[log sigma(b (l - d))] + l_R, with b = 4.5, d = 0, g = 0.125.

Simple negative preference optimization (Fan et al., arXiv 2410.07163); defaults of open-unlearning.
l is each example's own mean over its answer tokens: the length takes the place of a reference.
"""

import torch

from xmm_cli.training.batch import Parts

BETA, DELTA, GAMMA = 4.5, 0.0, 0.125


def simnpo(parts: Parts) -> torch.Tensor:
    """A scalar."""
    forget = parts.forgotten
    logprobs = forget.logprobs()
    lengths = forget.by_example(torch.ones_like(logprobs))
    loss = -forget.by_example(logprobs) / lengths
    preference = torch.nn.functional.logsigmoid(BETA * (loss - DELTA)).mean()
    return -GAMMA * 2 / BETA * preference + parts.retain.nll()
