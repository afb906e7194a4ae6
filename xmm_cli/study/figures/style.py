"""One look for all figures: sizes, colours that the colour-blind can tell, intervals, legends."""

from collections.abc import Sequence
from typing import Any

from xmm_cli.study.series import Line, Panel, Series

WIDTH_IN = 8.0

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
"""The colours of Okabe and Ito (2008)."""
GREY = "#777777"
MODALITY = {"image": (BLUE, "o"), "text": (VERMILION, "s")}
"""Colour and marker of what was asked with."""
MANY = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
DASHES = ("-", "--", ":")
MARKERS = "osD^vP"


def panels_beside(figure: Any, panels: Sequence[Panel], height_in: float = 3.8) -> list[Any]:
    """Axes for panels in one row, with a common y, recall in percent, and their titles."""
    figure.set_size_inches(WIDTH_IN, height_in)
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, panel in zip(axes, panels, strict=True):
        ax.set_title(panel.title)
        in_percent(ax)
    return list(axes)


def in_percent(ax: Any) -> None:
    """Y from 0 to 100 %."""
    ax.set_ylim(-0.03, 1.03)
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])


def errors_of(line: Line) -> Any:
    """How far the intervals reach below and above; 0 where there is none."""
    low = [point.y - (point.y if point.low is None else point.low) for point in line.points]
    high = [(point.y if point.high is None else point.high) - point.y for point in line.points]
    return [low, high]


def draw_curve(
    ax: Any, line: Line, colour: str, marker: str, style: str = "-", band: bool = True
) -> Any:
    """A line with a band, or bars, for its intervals."""
    x, y = [point.x for point in line.points], [point.y for point in line.points]
    if band:
        low = [point.y if point.low is None else point.low for point in line.points]
        high = [point.y if point.high is None else point.high for point in line.points]
        ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    (made,) = ax.plot(x, y, style, color=colour, marker=marker, label=line.name)
    return made


def bars(ax: Any, panel: Panel) -> None:
    """A bar for each line at each tick, with its interval; the two modalities side by side."""
    width = 0.8 / max(1, len(panel.lines))
    for place, line in enumerate(panel.lines):
        colour, _ = MODALITY.get(line.key, (GREY, "o"))
        x = [point.x + (place - (len(panel.lines) - 1) / 2) * width for point in line.points]
        ax.bar(
            x,
            [point.y for point in line.points],
            width * 0.92,
            yerr=errors_of(line),
            color=colour,
            label=line.name,
            hatch="//" if line.key == "text" else None,
            edgecolor="white",
            linewidth=0,
            error_kw={"elinewidth": 1.2, "capsize": 2.5, "ecolor": "#222222"},
        )
    ax.set_xticks(range(len(panel.ticks)), panel.ticks)
    ax.grid(visible=False, axis="x")


def legend(figure: Any, axes: Sequence[Any], columns: int = 2) -> None:
    """One legend above all panels, each entry once."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    figure.legend(
        found.values(), found.keys(), loc="outside upper center", ncols=columns, handlelength=2.4
    )


def note(figure: Any, series: Series, what: str = "bands") -> None:
    """What the intervals are and how many persons stand behind them."""
    words = f"{what}: 95 % intervals over persons (up to {series.persons})"
    figure.supxlabel(words, fontsize=9, color=GREY, x=0.99, ha="right")
