"""The defaults of scoring, apart from what computes: a command's help needs no more."""

from dataclasses import dataclass

from xmm_cli.rows.types import Role


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """The defaults of `score_rows`."""

    level: float = 0.95
    """Confidence level of the intervals."""
    resamples: int = 9999
    seed: int = 0
    roles: tuple[Role, ...] = ("eval",)


DEFAULTS = ScoreConfig()
