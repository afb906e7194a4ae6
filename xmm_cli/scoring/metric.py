"""What a metric is: a formula, and the cells it is taken over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from xmm_cli.rows.types import MODALITIES, Modality, Source


class Pair(NamedTuple):
    """A cell: what was learned from, and what was asked with. Source None is the untrained base."""

    source: Source | None
    modality: Modality

    def __str__(self) -> str:
        return f"{self.source or 'untrained'}→{self.modality}"


@dataclass(frozen=True, slots=True)
class Over:
    """One use of a formula: the cells it takes, in order, and the cell its score row names."""

    source: Source | None
    modality: Modality | None
    cells: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, as data.

    `formula` takes one number, or one array of resamples, for each cell of an `Over`, and must be
    monotone in each. `of` is what those numbers are.
    """

    formula: Callable[..., Any]
    over: tuple[Over, ...]
    of: Literal["recall", "chance", "memory"] = "memory"
    divisors: tuple[int, ...] = ()
    """Places of the cells that are divided by: there is no value where they may be zero."""
    against_zero: bool = False
    """Whether the row says on which side of zero its interval lies."""


SOURCES: tuple[Source, ...] = ("image", "text", "both")
TRAINED = tuple(
    Over(source, modality, (Pair(source, modality),))
    for source in SOURCES
    for modality in MODALITIES
)
UNTRAINED = tuple(Over(None, modality, (Pair(None, modality),)) for modality in MODALITIES)
IMAGE_TO_TEXT = Over("image", "text", (Pair("image", "image"), Pair("image", "text")))
TEXT_TO_IMAGE = Over("text", "image", (Pair("text", "text"), Pair("text", "image")))
DIRECTIONS = (IMAGE_TO_TEXT, TEXT_TO_IMAGE)
BOTH_DIRECTIONS = (Over(None, None, IMAGE_TO_TEXT.cells + TEXT_TO_IMAGE.cells),)
