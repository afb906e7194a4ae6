r"""memorize: :math:`\ell = -\frac{1}{T} \sum_t \log p(y_t \mid y_{<t}, x)`.

The mean runs over the T answer tokens of the whole batch, end tokens included; prompt, picture and
padding have no part in it.
"""

import torch


def memorize(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean negative log-likelihood in nats, a float32 scalar.

    `logits`: float `(answer tokens, vocabulary)`; `wanted`: int64 `(answer tokens,)`.
    """
    return torch.nn.functional.cross_entropy(logits.float(), wanted)
