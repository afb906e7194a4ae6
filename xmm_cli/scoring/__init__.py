"""Metrics over probe rows, with intervals over persons."""

from xmm_cli.scoring.score import (
    DEFAULTS,
    ScoreConfig,
    ScoreResult,
    score_against,
    score_files,
    score_rows,
)

__all__ = [
    "DEFAULTS",
    "ScoreConfig",
    "ScoreResult",
    "score_against",
    "score_files",
    "score_rows",
]
