"""views: recall against the number of training views."""

from typing import Any

from xmm_cli.reporting.plots.given import Series
from xmm_cli.reporting.plots.style import MODALITY, curve, legend, note, panels_beside


def draw(figure: Any, series: Series) -> None:
    """A panel for each source, a line for each modality; views double from tick to tick."""
    axes = panels_beside(figure, series.panels)
    for ax, panel in zip(axes, series.panels, strict=True):
        for line in panel.lines:
            curve(ax, line, *MODALITY[line.key])
        numbers = sorted({point.x for line in panel.lines for point in line.points})
        ax.set_xscale("log", base=2)
        ax.set_xticks(numbers, [f"{number:g}" for number in numbers])
        ax.minorticks_off()
        ax.set_xlabel("training views of a person")
    axes[0].set_ylabel("recall on held-out views")
    legend(figure, axes)
    note(figure, series)
