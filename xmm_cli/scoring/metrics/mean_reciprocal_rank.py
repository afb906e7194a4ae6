"""Mean reciprocal rank: 1 where the right answer is ranked first, 1/2 where second, and so on.

MRR = mean over persons of the mean of 1 / rank

Source: E. Voorhees, "The TREC-8 Question Answering Track Report", 1999.
"""

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured


def reciprocal_rank(row: Probe) -> float | None:
    """The formula above for one question; None where candidates were not ranked."""
    return None if row.rank is None else 1 / row.rank


METRIC = measured(reciprocal_rank, answer="rank")
