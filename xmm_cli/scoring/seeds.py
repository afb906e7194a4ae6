"""Which repetition of an experiment a row belongs to."""

from collections.abc import Mapping

from xmm_cli.rows.types import Label


def seed_of(condition: Mapping[str, Label]) -> Label | None:
    """The seed that a checkpoint was trained with, also where another was used to unlearn."""
    return condition.get("training_seed", condition.get("seed"))
