"""A figure in words, for those who do not see it."""

from xmm_cli.reporting.words import whole
from xmm_cli.scoring.plotted import Line, Panel, Series

MOST_POINTS = 3
"""Of a longer line, first and last are told."""


def in_words(series: Series) -> str:
    """`recall against training views. learned from images: asked with an image 100 to 98 % …`."""
    panels = [_panel(panel) for panel in series.panels]
    return f"{series.about[:1].upper()}{series.about[1:]}. {' '.join(panels)}"


def _panel(panel: Panel) -> str:
    lines = [_line(line) for line in panel.lines if line.points]
    return f"{panel.title}: {'; '.join(lines)}."


def _line(line: Line) -> str:
    values = [whole(point.y) for point in line.points]
    if len(values) > MOST_POINTS:
        return f"{line.name} from {values[0]} to {values[-1]} %"
    return f"{line.name} {', '.join(values)} %"
