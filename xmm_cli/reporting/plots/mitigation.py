"""mitigation: recall method by method, on one base."""

from typing import Any

from xmm_cli.reporting.plots.given import Series
from xmm_cli.reporting.plots.style import (
    MODALITY,
    WIDTH_IN,
    errors_of,
    label,
    legend,
    note,
    panels_beside,
)


def draw(figure: Any, series: Series) -> None:
    """A panel for each source, a row for each method: names are long, so they stand at the side."""
    rows = max(len(panel.ticks) for panel in series.panels)
    axes = panels_beside(figure, series.panels)
    figure.set_size_inches(WIDTH_IN, 1.8 + 0.42 * rows)
    for ax, panel in zip(axes, series.panels, strict=True):
        for place, line in enumerate(panel.lines):
            colour, marker = MODALITY[line.key]
            at = [point.x + (place - 0.5) * 0.24 for point in line.points]
            ax.errorbar(
                [point.y for point in line.points],
                at,
                xerr=errors_of(line),
                fmt=marker,
                color=colour,
                elinewidth=1.4,
                label=label(line.name),
            )
        ax.set_yticks(range(len(panel.ticks)), [label(tick) for tick in panel.ticks])
        ax.set_ylim(len(panel.ticks) - 0.5, -0.5)
        ax.set_xlim(-0.03, 1.03)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        ax.set_xlabel("recall on held-out views")
    legend(figure, axes)
    note(figure, series, "lines")
