"""Exposure: by how many bits the model narrows the search for the right answer.

exposure = log2 |candidates| − log2 rank

0: last of all candidates; log2 |candidates|: first. Source: Carlini et al., "The Secret Sharer",
2019 (arXiv 1802.08232), with the measured persons' answers as the space of candidates.
"""

from xmm_cli.scoring.metric import measured

METRIC = measured("log2(candidates) - log2(rank)", answer="rank", bounded=False)
