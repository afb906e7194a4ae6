"""Rank of the right answer among all candidates, 1 being best; the mean over persons."""

from xmm_cli.scoring.metric import measured

METRIC = measured("rank", answer="rank", bounded=False)
