"""Min-K% Prob: how likely the right answer's least likely tokens are.

score = mean of the lowest ⌈k · T⌉ of the T token log-probabilities, k = 20 %, in nats

Higher means more surely met in training. Source: Shi et al., "Detecting Pretraining Data from Large
Language Models", 2024 (arXiv 2310.16789), over the answer and its end token. Names are short, so
it is often the least likely token alone. Needs rows of `xmm probe --tokens`.
"""

from math import ceil

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured

SHARE = 0.2


def min_k(row: Probe) -> float | None:
    """The formula above; None where the row has no log-probabilities of tokens."""
    if not row.token_logprobs:
        return None
    lowest = sorted(row.token_logprobs)[: ceil(SHARE * len(row.token_logprobs))]
    return sum(lowest) / len(lowest)


METRIC = measured(min_k, answer="rank", bounded=False)
