"""Figures in the terminal: points on a grid of signs, for a first look.

Intervals are not drawn: a sign is too coarse for them; `--plot FILE` has them.
"""

from typing import Any

from xmm_cli.errors import Unavailable
from xmm_cli.reporting.plots.given import Panel, Series
from xmm_cli.reporting.words import clean

HEIGHT = 16
SIGNS = "ox+*#@%&"
PALETTE = ("blue", "orange", "green", "magenta", "cyan", "red", "gray", "black")


def drawn(series: Series, *, width: int, colour: bool) -> str:
    """All panels under each other, ending in a newline.

    Raises:
        Unavailable: plotext is not installed.
    """
    try:
        import plotext
    except ImportError as error:
        hint = "pip install plotext, or name a file: --plot figure.svg"
        raise Unavailable("--plot - needs the package plotext", hint) from error
    return "\n".join(_panel(plotext, panel, width, colour) for panel in series.panels)


def _panel(plotext: Any, panel: Panel, width: int, colour: bool) -> str:
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, HEIGHT)
    for place, line in enumerate(line for line in panel.lines if line.points):
        plotext.scatter(
            [point.x for point in line.points],
            [100 * point.y for point in line.points],
            label=clean(line.name),
            marker=SIGNS[place % len(SIGNS)],
            color=PALETTE[place % len(PALETTE)] if colour else None,
        )
    plotext.ylim(0, 100)
    plotext.title(clean(panel.title))
    plotext.ylabel("%")
    if panel.ticks:
        plotext.xticks(range(len(panel.ticks)), [clean(tick) for tick in panel.ticks])
    text = plotext.build()
    text = text if colour else plotext.uncolorize(text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
