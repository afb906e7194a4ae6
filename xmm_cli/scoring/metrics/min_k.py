"""Min-K% Prob: how likely the right answer's least likely tokens are.

score = mean of the lowest ⌈k · T⌉ of the T token log-probabilities, k = 20 %, in nats

Higher means more surely met in training. Source: Shi et al., "Detecting Pretraining Data from Large
Language Models", 2024 (arXiv 2310.16789), over the answer and its end token. Names are short, so
it is often the least likely token alone. Needs rows of `xmm probe --tokens`.
"""

from xmm_cli.scoring.metric import measured

SHARE = 0.2
LOWEST = f"list_sort(token_logprobs)[1:ceil({SHARE} * len(token_logprobs))::BIGINT]"

METRIC = measured(f"list_avg({LOWEST})", answer="rank", bounded=False)
