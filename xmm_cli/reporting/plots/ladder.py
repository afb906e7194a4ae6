"""ladder: recall base by base."""

from typing import Any

from xmm_cli.reporting.plots.given import Series
from xmm_cli.reporting.plots.style import bars, legend, note, panels_beside


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
