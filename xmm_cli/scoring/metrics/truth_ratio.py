"""Truth ratio: how likely wrong answers are beside the right one.

R = mean over wrong answers of P(wrong)^(1/|wrong|) / P(right)^(1/|right|)

|·|: tokens. Near 0: the right answer is far likelier; 1 or more: no longer told from wrong ones.
Source: Maini et al., "TOFU", 2024 (arXiv 2401.06121). There wrong answers are perturbed ones and
the right one is paraphrased; here the wrong ones are the other candidates, and a name has no
paraphrase. The mean is geometric over questions, since ratios spread over powers of ten: this is
its logarithm to the base 10. Needs rows of `xmm probe --tokens`.
"""

from xmm_cli.scoring.metric import measured

METRIC = measured(
    "(wrong_logprob - list_avg(token_logprobs)) / ln(10)", answer="rank", bounded=False
)
