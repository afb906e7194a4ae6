"""Scores of large plain files: DuckDB counts, while what computes intervals is being loaded."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xmm_cli.garbage import none_is_made, what_is_there_stays
from xmm_cli.scoring.config import DEFAULTS, check_options
from xmm_cli.scoring.sql import count_files

if TYPE_CHECKING:
    from xmm_cli.scoring.score import ScoreResult


def score_files(
    files: Sequence[str],
    *,
    by: Sequence[str] | None = None,
    level: float = DEFAULTS.level,
    resamples: int = DEFAULTS.resamples,
    seed: int = DEFAULTS.seed,
    beside: Callable[[], object] = lambda: None,
) -> "ScoreResult | None":
    """`score_rows` of files, many times faster; None where rows must be read singly.

    `beside` is done while the rows are counted, in another thread. Raises as `score_rows` does.
    """
    check_options(level, resamples)

    def load() -> None:
        with none_is_made():
            _load()
            beside()

    counts = count_files(files, DEFAULTS.roles, beside=load)
    if counts is None:
        return None
    from xmm_cli.scoring.score import score_counts

    with what_is_there_stays():
        return score_counts(counts, by=by, level=level, resamples=resamples, seed=seed)


def _load() -> None:
    """Load what will be needed: numpy, scipy and the usual metrics."""
    import scipy.special  # noqa: F401

    from xmm_cli.scoring.score import load_metrics

    load_metrics(None)
