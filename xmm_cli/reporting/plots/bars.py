"""Figures in the terminal: a bar for each value, with its interval in words.

The bars are rich's, which is here anyway: they say values and intervals in words, so that nothing
is lost without colour.
"""

from collections.abc import Iterator
from typing import Any

from rich.bar import Bar
from rich.table import Table
from rich.text import Text

from xmm_cli.reporting.terminal import printed
from xmm_cli.reporting.words import MINUS, clean, whole
from xmm_cli.scoring.plotted import Panel, Point, Series

COLOURS = ("blue", "yellow", "magenta", "cyan", "green", "red")


def drawn(series: Series, *, width: int, colour: bool) -> str:
    """All panels under each other, ending in a newline."""
    about = Text(series.about, "bold")
    shown = [part for panel in series.panels for part in _panel(panel, series.unit)]
    said = f"[ ]  95 % intervals over persons (up to {series.persons}); bars from 0 to 100 %"
    return printed([about, *shown, Text(said, "dim")], width=width, colour=colour)


def _panel(panel: Panel, unit: str) -> Iterator[Any]:
    yield Text("")
    yield Text(clean(panel.title), "bold underline")
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column(overflow="fold", max_width=28)
    table.add_column(overflow="fold", max_width=24)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True)
    for place, line in enumerate(line for line in panel.lines if line.points):
        for number, point in enumerate(line.points):
            name = clean(line.name) if number == 0 else ""
            bar = Bar(1.0, 0.0, min(max(point.y, 0.0), 1.0), color=COLOURS[place % len(COLOURS)])
            table.add_row(Text(name), Text(_where(point, panel, unit)), bar, Text(_value(point)))
    yield table


def _where(point: Point, panel: Panel, unit: str) -> str:
    """The tick, or x with its unit."""
    if panel.ticks and 0 <= round(point.x) < len(panel.ticks):
        return clean(panel.ticks[round(point.x)])
    if unit == "%":
        return f"at {whole(point.x)} % of {clean(panel.across)}"
    return f"{point.x:g} {unit}".rstrip()


def _value(point: Point) -> str:
    text = f"{whole(point.y)} %"
    if point.low is None or point.high is None:
        return text
    low, high = whole(point.low), whole(point.high)
    return f"{text} [{low}{' to ' if MINUS in low + high else '–'}{high}]"
