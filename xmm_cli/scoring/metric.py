"""What a metric is: a formula, and the cells it is taken over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, NamedTuple

from xmm_cli.rows.types import MODALITIES, Answer, Label, Modality, Source
from xmm_cli.scoring.scan import Measure


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
    of: Literal["recall", "chance", "memory", "measure", "spread"] = "memory"
    """`measure`: the mean over persons of a number that each row has; `spread`: of the paired
    differences between persons' shares."""
    divisors: tuple[int, ...] = ()
    """Places of the cells that are divided by: there is no value where they may be zero."""
    least: float = -inf
    """No value lies below."""
    against_zero: bool = False
    """Whether the row says on which side of zero its interval lies."""
    answer: Answer | None = None
    """The only way of answering for which there is such a metric."""
    measure: Measure | None = None
    """The number that a row has."""
    bounded: bool = True
    """Whether a measure lies between 0 and 1."""
    confusions: bool = False
    """Whether answers are compared with the names of all who were taught."""
    composed: bool = False
    """Whether the measure needs several questions put together (`scoring.question_table`)."""
    applies: Callable[[dict[str, Label], str | None, Over], bool] | None = None
    """Whether there is such a metric, given a group's condition and set, and the cells."""


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


def mean(value: Any) -> Any:
    """What has been averaged over persons, as it is."""
    return value


def measured(
    sql: str,
    *,
    answer: Answer,
    bounded: bool = True,
    functions: Mapping[str, Callable[[str, str], float | None]] | None = None,
) -> Metric:
    """The metric that is the mean over persons of each person's mean of a measure.

    The measure is SQL over the fields of a probe row; `functions` are those of two texts in it that
    SQL does not have.
    """
    measure = Measure(sql, functions or {})
    return Metric(
        mean, UNTRAINED + TRAINED, of="measure", answer=answer, measure=measure, bounded=bounded
    )
