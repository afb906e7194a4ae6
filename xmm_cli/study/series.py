"""The numbers behind the figures: what is drawn, with intervals over persons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xmm_cli.study.estimate import Shares, estimate, mean
from xmm_cli.study.study import Study, itself


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


Draw = Callable[[Any, "Series"], None]
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
    draw: Draw = no_drawing
    """Draws it; see `Figure`."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its series and its drawing."""

    series: Callable[[Study], Series | None]
    """What it shows; None where the rows do not support it."""
    draw: Draw
    unit: str = ""
    """Of x, where that is a number; `%`: x is a share."""


@dataclass(slots=True)
class Pen:
    """Makes points, and counts the persons behind them."""

    study: Study
    persons: int = 0

    def point(self, x: float, shares: Shares) -> Point | None:
        """The mean over persons with its interval; None for no persons."""
        if not shares:
            return None
        found = estimate([shares], itself, self.study.drawing)
        if found is None:
            return None
        self.persons = max(self.persons, found.persons)
        return Point(x, found.effect, found.low, found.high)

    def line(
        self,
        name: str,
        key: str,
        cells: Sequence[tuple[float, Shares]],
        intervals: bool = True,
    ) -> Line:
        """A line of all points that there are; bare means where persons give no interval."""
        if not intervals:
            return Line(name, key, [Point(x, mean(shares)) for x, shares in cells])
        points = [self.point(x, shares) for x, shares in cells]
        return Line(name, key, [one for one in points if one is not None])

    def series(self, figure: str, panels: list[Panel]) -> Series | None:
        """The panels that show something; None where none does."""
        shown = [panel for panel in panels if any(line.points for line in panel.lines)]
        return Series(figure, shown, self.persons) if shown else None


def taught(source: Any) -> str:
    """`learned from images`."""
    names = {"image": "images", "text": "text", "both": "both", None: "nothing"}
    return f"learned from {names.get(source, source)}"
