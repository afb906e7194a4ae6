"""unlearning: what leaks in the other modality, and what is kept, as the forgetting goes on.

The whole curves, with the two steps marked at which the findings read them.
"""

from typing import Any

from xmm_cli.reporting.plots.given import Line, Panel, Series
from xmm_cli.reporting.plots.style import (
    DASHES,
    GREY,
    MANY,
    MARKERS,
    WIDTH_IN,
    curve,
    in_percent,
    legend,
    note,
)

MARKS: dict[str, dict[str, Any]] = {
    "retrained": {"marker": "*", "color": "black", "markersize": 13},
    "last step": {"marker": "o", "mec": "black", "mfc": "none", "markersize": 12},
    "retain set back": {"marker": "s", "mec": "black", "mfc": "none", "markersize": 11},
}
"""Lines that are single points: the yardstick, and where runs are read."""
FEW = 4
"""So many lines can have bands; with more they hide each other."""


def draw(figure: Any, series: Series) -> None:
    """Above the leak, below what is kept: forgetting goes to the left in both."""
    columns = max(1, len(series.panels) // 2)
    names = list(dict.fromkeys(line.key for panel in series.panels for line in panel.lines))
    names = [name for name in names if name not in MARKS]
    figure.set_size_inches(max(WIDTH_IN, 3.4 * columns), 7.6 + 0.25 * (len(names) // 5))
    axes = figure.subplots(2, columns, sharex=True, sharey=True, squeeze=False)
    for ax, panel in zip(axes.ravel(), series.panels, strict=True):
        _panel(ax, panel, names)
    for ax in axes[0]:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=0)
        ax.text(0.62, 0.55, "forgets both alike", color=GREY, fontsize=9, rotation=0)
    legend(figure, list(axes.ravel()), 5)
    if len(names) <= FEW:
        note(figure, series)


def _panel(ax: Any, panel: Panel, names: list[str]) -> None:
    for line in panel.lines:
        _line(ax, line, names)
    in_percent(ax)
    ax.set_xlim(-0.03, 1.03)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    ax.set_title(panel.title)
    ax.set_xlabel(f"recall of the forget set, asked with {panel.across}", fontsize=10)
    ax.set_ylabel(f"recall of the {panel.up}", fontsize=10)


def _line(ax: Any, line: Line, names: list[str]) -> None:
    if line.key in MARKS:
        if line.points:
            x, y = [point.x for point in line.points], [point.y for point in line.points]
            ax.plot(x, y, linestyle="none", label=line.key, zorder=5, **MARKS[line.key])
        return
    at = names.index(line.key)
    curve(
        ax,
        line,
        MANY[at % len(MANY)],
        MARKERS[at % len(MARKERS)],
        DASHES[at // len(MANY) % len(DASHES)],
        band=len(names) <= FEW,
    )
