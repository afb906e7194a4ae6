"""Rank of the right answer among all candidates, 1 being best; the mean over persons."""

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured


def rank(row: Probe) -> float | None:
    """As the row has it; None where candidates were not ranked."""
    return None if row.rank is None else float(row.rank)


METRIC = measured(rank, answer="rank", bounded=False)
