"""The numbers behind the figures: what is drawn, with intervals over persons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xmm_cli.scoring.plotted import DrawFigure, Line, Panel, Point, Series
from xmm_cli.study.effects import Shares, estimate, mean
from xmm_cli.study.study import Study, itself


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its series and its drawing."""

    series: Callable[[Study], Series | None]
    """What it shows; None where the rows do not support it."""
    draw: DrawFigure
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
        return Line(name, key, [point for point in points if point is not None])

    def series(self, figure: str, panels: list[Panel]) -> Series | None:
        """The panels that show something; None where none does."""
        shown = [panel for panel in panels if any(line.points for line in panel.lines)]
        return Series(figure, shown, self.persons) if shown else None


def taught(source: Any) -> str:
    """`learned from images`."""
    names = {"image": "images", "text": "text", "both": "both", None: "nothing"}
    return f"learned from {names.get(source, source)}"
