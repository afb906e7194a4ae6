"""Exposure: by how many bits the model narrows the search for the right answer.

exposure = log2 |candidates| − log2 rank

0: last of all candidates; log2 |candidates|: first. Source: Carlini et al., "The Secret Sharer",
2019 (arXiv 1802.08232), with the measured persons' answers as the space of candidates.
"""

from math import log2

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured


def exposure(row: Probe) -> float | None:
    """The formula above, in bits; None where candidates were not ranked, or not counted."""
    if row.rank is None or row.candidates is None:
        return None
    return log2(row.candidates) - log2(row.rank)


METRIC = measured(exposure, answer="rank", bounded=False)
