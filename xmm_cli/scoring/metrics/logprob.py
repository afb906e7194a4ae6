"""Log-probability of the right answer and its end token, in nats; the mean over persons."""

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured


def logprob(row: Probe) -> float | None:
    """As the row has it; None where candidates were not ranked."""
    return row.logprob


METRIC = measured(logprob, answer="rank", bounded=False)
