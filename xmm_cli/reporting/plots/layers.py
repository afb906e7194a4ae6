"""layers: what is inside the model, layer by layer."""

from typing import Any

from xmm_cli.reporting.plots.given import Line, Series
from xmm_cli.reporting.plots.style import (
    BLUE,
    GREY,
    PURPLE,
    VERMILION,
    curve,
    in_percent,
    legend,
    note,
    panels_beside,
)

LEARNED = {"image": BLUE, "text": VERMILION, "both": PURPLE, "None": GREY}
ASKED = {"image": ("o", "-"), "text": ("s", "--"), "None": ("D", "-")}


def draw(figure: Any, series: Series) -> None:
    """A panel for each measure; the colour is what was learned from, the dash what was asked."""
    axes = panels_beside(figure, series.panels, 4.4)
    for ax, panel in zip(axes, series.panels, strict=True):
        for line in panel.lines:
            _line(ax, line)
        ax.set_title(panel.title, fontsize=10.5)
        ax.set_xlabel("layer")
        in_percent(ax)
        ax.xaxis.get_major_locator().set_params(integer=True)
    asked = [ax for ax, panel in zip(axes, series.panels, strict=True) if len(panel.lines) > 2]
    legend(figure, asked or axes, 2)
    note(figure, series)


def _line(ax: Any, line: Line) -> None:
    learned, _, asked = line.key.partition(" ")
    marker, style = ASKED[asked]
    made = curve(ax, line, LEARNED[learned], marker, style)
    made.set_markersize(4)
    if asked == "None":
        made.set_label("_")
