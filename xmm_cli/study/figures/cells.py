"""The figure `cells`: what was learned from, and asked with."""

from typing import Any

from xmm_cli.rows.types import MODALITIES
from xmm_cli.study.figures.style import bars, legend, note, panels_beside
from xmm_cli.study.series import Figure, Panel, Pen, Series, taught
from xmm_cli.study.study import Study

SOURCES: tuple[Any, ...] = ("image", "text", "both", None)


def cells(study: Study) -> Series | None:
    """The recall of every cell of plain models of the default base."""
    pen = Pen(study)
    there = [source for source in SOURCES if any(study.shares(source, to) for to in MODALITIES)]
    if not any(there):
        return None
    lines = [
        pen.line(
            f"asked with {asked}",
            asked,
            [(at, study.shares(source, asked)) for at, source in enumerate(there)],
        )
        for asked in MODALITIES
    ]
    ticks = ["untrained" if source is None else taught(source) for source in there]
    return pen.series("cells", [Panel(study.base, lines, ticks=ticks)])


def draw(figure: Any, series: Series) -> None:
    """Two bars for each source."""
    (ax,) = panels_beside(figure, series.panels)
    bars(ax, series.panels[0])
    ax.set_ylabel("recall on held-out views")
    legend(figure, [ax])
    note(figure, series, "lines")


FIGURE = Figure(cells, draw)
