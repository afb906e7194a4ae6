"""The figure `unlearning`: what leaks along a run, and what is kept."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from xmm_cli.study.claims.unlearning import worked_on
from xmm_cli.study.curves import Curve, StepBySeed, curves, retrained
from xmm_cli.study.effects import Shares
from xmm_cli.study.figures.style import (
    DASHES,
    GREY,
    MANY,
    MARKERS,
    WIDTH_IN,
    draw_curve,
    in_percent,
    legend,
    note,
)
from xmm_cli.study.moments import Moment, last_step, recovery
from xmm_cli.study.series import Figure, Line, Panel, Pen, Point, Series
from xmm_cli.study.study import OTHER, Study


def unlearning(study: Study) -> Series | None:
    """The leak curves, and below them what is kept, a column per modality and strength.

    x is recall of the forget set asked with the modality worked on; y, above, the same in the other
    one and, below, recall of the retain set. The steps at which the findings are read are marked.
    Only the runs of one source and base are shown: those of which there are most.
    """
    groups: dict[tuple[Any, str], list[Curve]] = defaultdict(list)
    for curve in curves(study):
        groups[curve.run.source, curve.run.base].append(curve)
    if not groups:
        return None
    shown = max(groups.values(), key=len)
    pen = Pen(study)
    above, below = [], []
    columns = dict.fromkeys((curve.run.through, curve.run.lr) for curve in shown)
    order = ("image", "text", "both")
    for through, lr in sorted(columns, key=lambda one: (one[1] or 0.0, order.index(one[0]))):
        chosen = [one for one in shown if (one.run.through, one.run.lr) == (through, lr)]
        for worked in worked_on(through) if chosen else ():
            lines = [_leak(pen, one, worked) for one in chosen]
            lines += _marks(pen, chosen, worked, _leak_at)
            lines.append(_yardstick(pen, chosen[0], worked))
            title = f"through {through}" + (f", lr {lr:g}" if lr else "")
            above.append(Panel(title, lines, worked, f"forget set, asked with {OTHER[worked]}"))
            kept = [_kept(pen, one, worked) for one in chosen]
            kept += _marks(pen, chosen, worked, _kept_at)
            below.append(Panel(title, kept, worked, "retain set, both modalities"))
    return pen.series("unlearning", above + below)


def _leak(pen: Pen, curve: Curve, worked: Any) -> Line:
    start = (curve.before("forget", worked), curve.before("forget", OTHER[worked]))
    return _along(pen, curve, worked, start, _leak_at)


def _kept(pen: Pen, curve: Curve, worked: Any) -> Line:
    start = (curve.before("forget", worked), curve.retained_before())
    return _along(pen, curve, worked, start, _kept_at)


PairOfShares = tuple[Shares, Shares]
At = Callable[[Curve, Any, StepBySeed], PairOfShares]
"""What a point is of: recall of the forget set in the modality worked on, and what is up."""


def _leak_at(curve: Curve, worked: Any, steps: StepBySeed) -> PairOfShares:
    return curve.along("forget", worked, steps), curve.along("forget", OTHER[worked], steps)


def _kept_at(curve: Curve, worked: Any, steps: StepBySeed) -> PairOfShares:
    return curve.along("forget", worked, steps), curve.retained(steps)


def _along(pen: Pen, curve: Curve, worked: Any, start: PairOfShares, at: At) -> Line:
    """The whole curve, from before unlearning."""
    seeds = curve.last()
    steps = [step for step in curve.steps if step > 0]
    later = [at(curve, worked, dict.fromkeys(seeds, step)) for step in steps]
    return _against(pen, curve.run.objective, [start, *later])


def _marks(pen: Pen, curves: list[Curve], worked: Any, at: At) -> list[Line]:
    """Where each run is read, on the curves: the last step, and where the retain set is back."""
    moments: dict[str, list[tuple[Curve, Moment]]] = {"last step": [], "retain set back": []}
    for curve in curves:
        last, back = last_step(curve), recovery(curve)
        moments["last step"].append((curve, last))
        if back.steps and back.steps != last.steps:
            moments["retain set back"].append((curve, back))
    return [
        _against(pen, name, [at(curve, worked, moment.steps) for curve, moment in found])
        for name, found in moments.items()
    ]


def _yardstick(pen: Pen, curve: Curve, worked: Any) -> Line:
    """The model that was trained without the forget set: one point."""
    both = [retrained(curve.study, curve.run, modality) for modality in (worked, OTHER[worked])]
    return _against(pen, "retrained", [(both[0], both[1])])


def _against(pen: Pen, name: str, pairs: list[tuple[Shares, Shares]]) -> Line:
    points = []
    for worked, other in pairs:
        across, up = pen.point(0, worked), pen.point(0, other)
        if across is not None and up is not None:
            points.append(Point(across.y, up.y, up.low, up.high))
    return Line(name, name, points)


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
        _draw_panel(ax, panel, names)
    for ax in axes[0]:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (1, 2)), zorder=0)
        ax.text(0.62, 0.55, "forgets both alike", color=GREY, fontsize=9, rotation=0)
    legend(figure, list(axes.ravel()), 5)
    if len(names) <= FEW:
        note(figure, series)


def _draw_panel(ax: Any, panel: Panel, names: list[str]) -> None:
    for line in panel.lines:
        _draw_line(ax, line, names)
    in_percent(ax)
    ax.set_xlim(-0.03, 1.03)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100 %"])
    ax.set_title(panel.title)
    ax.set_xlabel(f"recall of the forget set, asked with {panel.across}", fontsize=10)
    ax.set_ylabel(f"recall of the {panel.up}", fontsize=10)


def _draw_line(ax: Any, line: Line, names: list[str]) -> None:
    if line.key in MARKS:
        if line.points:
            x, y = [point.x for point in line.points], [point.y for point in line.points]
            ax.plot(x, y, linestyle="none", label=line.key, zorder=5, **MARKS[line.key])
        return
    at = names.index(line.key)
    draw_curve(
        ax,
        line,
        MANY[at % len(MANY)],
        MARKERS[at % len(MARKERS)],
        DASHES[at // len(MANY) % len(DASHES)],
        band=len(names) <= FEW,
    )


FIGURE = Figure(unlearning, draw, unit="%")
