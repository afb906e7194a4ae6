"""What a figure shows: panels of lines of points, made by the study, drawn by reports."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its interval; `x` is a number, or the place of a tick."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Values that belong together. `key` says what a colour should stand for."""

    name: str
    key: str
    points: list[Point]


@dataclass(frozen=True, slots=True)
class Panel:
    """One coordinate system."""

    title: str
    lines: list[Line]
    across: str = ""
    """What x is, where that differs from panel to panel."""
    up: str = ""
    """What y is, likewise."""
    ticks: list[str] = field(default_factory=list)
    """Names of the places 0, 1, … where x is no number."""


DrawFigure = Callable[[Any, "Series"], None]
"""Draws a series on an empty figure of matplotlib, whose texts are clean."""


def no_drawing(figure: Any, series: "Series") -> None:
    """Leave the figure empty."""


@dataclass(frozen=True, slots=True)
class Series:
    """All that a figure shows."""

    figure: str
    panels: list[Panel]
    persons: int
    """The most persons behind a point."""
    about: str = ""
    """What the figure shows, in one line."""
    unit: str = ""
    """Of x, where that is a number; `%`: x is a share."""
    draw: DrawFigure = no_drawing
    """Draws it."""
