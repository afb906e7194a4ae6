"""cells: recall by what was learned from and what was asked with."""

from typing import Any

from xmm_cli.reporting.plots.given import Series
from xmm_cli.reporting.plots.style import bars, legend, note, panels_beside


def draw(figure: Any, series: Series) -> None:
    """Two bars for each source."""
    (ax,) = panels_beside(figure, series.panels)
    bars(ax, series.panels[0])
    ax.set_ylabel("recall on held-out views")
    legend(figure, [ax])
    note(figure, series, "lines")
