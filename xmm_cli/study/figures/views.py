"""The figure `views`: recall against the number of training views."""

from typing import Any

from xmm_cli.rows.types import MODALITIES
from xmm_cli.study.claims.views import numbers_of_views
from xmm_cli.study.figures.style import MODALITY, draw_curve, legend, note, panels_beside
from xmm_cli.study.series import Figure, Panel, Pen, Series, taught
from xmm_cli.study.study import DIRECTIONS, Study


def views(study: Study) -> Series | None:
    """Recall against the number of training views, a panel per source."""
    pen = Pen(study)
    panels = []
    for source, _ in DIRECTIONS:
        numbers = numbers_of_views(study, source)
        if len(numbers) < 2:
            continue
        lines = [
            pen.line(
                f"asked with {asked}",
                asked,
                [(number, study.shares(source, asked, views=number)) for number in numbers],
            )
            for asked in MODALITIES
        ]
        panels.append(Panel(taught(source), lines))
    return pen.series("views", panels)


def draw(figure: Any, series: Series) -> None:
    """A panel for each source, a line for each modality; views double from tick to tick."""
    axes = panels_beside(figure, series.panels)
    for ax, panel in zip(axes, series.panels, strict=True):
        for line in panel.lines:
            draw_curve(ax, line, *MODALITY[line.key])
        numbers = sorted({point.x for line in panel.lines for point in line.points})
        ax.set_xscale("log", base=2)
        ax.set_xticks(numbers, [f"{number:g}" for number in numbers])
        ax.minorticks_off()
        ax.set_xlabel("training views of a person")
    axes[0].set_ylabel("recall on held-out views")
    legend(figure, axes)
    note(figure, series)


FIGURE = Figure(views, draw, unit="views")
