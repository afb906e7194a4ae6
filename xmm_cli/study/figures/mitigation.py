"""The figure `mitigation`: recall method by method."""

from typing import Any

from xmm_cli.study.claims.mitigation import Method, cells_of, methods
from xmm_cli.study.figures.style import MODALITY, WIDTH_IN, errors_of, legend, note, panels_beside
from xmm_cli.study.series import Figure, Panel, Pen, Series, taught
from xmm_cli.study.study import DIRECTIONS, Study


def mitigation(study: Study) -> Series | None:
    """Recall by method on the base where most were tried, a panel per source."""
    tried = {base: methods(study, base) for base in study.bases()}
    base = max(tried, key=lambda one: (len(tried[one]), one == study.base), default="")
    if not base or not tried[base]:
        return None
    pen = Pen(study)
    panels = []
    for source, target in DIRECTIONS:
        names = ["none", *map(str, tried[base])]
        found = [cells_of(study, base, Method(None, None), source, target)[:2]]
        found += [cells_of(study, base, method, source, target)[2:] for method in tried[base]]
        lines = [
            pen.line(
                f"asked with {asked}",
                asked,
                [(at, pair[place]) for at, pair in enumerate(found)],
            )
            for place, asked in enumerate((source, target))
        ]
        panels.append(Panel(f"{taught(source)}, {base}", lines, ticks=names))
    return pen.series("mitigation", panels)


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
                label=line.name,
            )
        ax.set_yticks(range(len(panel.ticks)), panel.ticks)
        ax.set_ylim(len(panel.ticks) - 0.5, -0.5)
        ax.set_xlim(-0.03, 1.03)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
        ax.set_xlabel("recall on held-out views")
    legend(figure, axes)
    note(figure, series, "lines")


FIGURE = Figure(mitigation, draw)
