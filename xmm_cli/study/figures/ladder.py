"""The figure `ladder`: recall base by base."""

from typing import Any

from xmm_cli.rows.types import MODALITIES
from xmm_cli.study.figures.style import bars, legend, note, panels_beside
from xmm_cli.study.series import Figure, Panel, Pen, Series, taught
from xmm_cli.study.study import DIRECTIONS, Study


def ladder(study: Study) -> Series | None:
    """The cells of each base, a panel per source."""
    bases = study.bases()
    if len(bases) < 2:
        return None
    pen = Pen(study)
    panels = [
        Panel(
            taught(source),
            [
                pen.line(
                    f"asked with {asked}",
                    asked,
                    [(at, study.shares(source, asked, base)) for at, base in enumerate(bases)],
                )
                for asked in MODALITIES
            ],
            ticks=bases,
        )
        for source, _ in DIRECTIONS
    ]
    return pen.series("ladder", panels)


def draw(figure: Any, series: Series) -> None:
    """A panel for each source, two bars for each base."""
    axes = panels_beside(figure, series.panels)
    for ax, panel in zip(axes, series.panels, strict=True):
        bars(ax, panel)
        if len(panel.ticks) > 2:
            ax.tick_params("x", rotation=20)
            for label in ax.get_xticklabels():
                label.set(ha="right", rotation_mode="anchor")
    axes[0].set_ylabel("recall on held-out views")
    legend(figure, axes)
    note(figure, series, "lines")


FIGURE = Figure(ladder, draw)
