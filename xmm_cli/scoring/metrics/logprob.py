"""Log-probability of the right answer and its end token, in nats; the mean over persons."""

from xmm_cli.scoring.metric import measured

METRIC = measured("logprob", answer="rank", bounded=False)
