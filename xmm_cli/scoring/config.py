"""How scores are made, apart from what computes: a command's help needs no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.types import Role


@dataclass(frozen=True, slots=True)
class ScoreConfig:
    """What is scored, in which groups, and how intervals are drawn."""

    by: Sequence[str] | None = None
    """Condition labels that part groups; persons are pooled over the others. By default every label
    parts them, and `base`, `hops` and `role` do where they differ."""
    metrics: Sequence[str] | None = None
    """Names of the registry, or `all`; the usual ones by default."""
    level: float = 0.95
    """Confidence level of the intervals."""
    resamples: int = 9999
    seed: int = 0
    roles: Sequence[Role] = ("eval",)

    def check(self) -> None:
        """Refuse what gives no interval. Raises `WrongUsage`."""
        if not 0 < self.level < 1:
            problem = f"a confidence level of {self.level:g}"
            raise WrongUsage(problem, "give one between 0 and 1, like 0.95")
        if self.resamples < 100:
            raise WrongUsage(f"{self.resamples} resamples", "give 100 at least; 9999 is usual")


DEFAULTS = ScoreConfig()
