"""Which repetition of an experiment a row belongs to."""

from collections.abc import Mapping

from xmm_cli.rows.types import Label

SEEDS = ("seed", "training_seed")
"""Labels in which repetitions of one experiment differ."""


def seed_of(condition: Mapping[str, Label]) -> Label | None:
    """The seed that a checkpoint was trained with, also where another was used to unlearn."""
    return condition.get("training_seed", condition.get("seed"))
