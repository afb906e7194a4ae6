"""The defaults of scoring, apart from what computes: a command's help needs no more."""

from dataclasses import dataclass

from xmm_cli.errors import WrongUsage
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


def check_options(level: float, resamples: int) -> None:
    """Refuse what gives no interval. Raises `WrongUsage`."""
    if not 0 < level < 1:
        raise WrongUsage(f"a confidence level of {level:g}", "give one between 0 and 1, like 0.95")
    if resamples < 100:
        raise WrongUsage(f"{resamples} resamples", "give 100 at least; 9999 is usual")
