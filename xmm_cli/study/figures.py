"""One function per figure: from counts to series."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from xmm_cli.rows.types import MODALITIES, Inside
from xmm_cli.study.claims.inside import layers_of
from xmm_cli.study.claims.mitigation import Method, cells_of, methods
from xmm_cli.study.claims.unlearning import worked_on
from xmm_cli.study.claims.views import numbers_of_views
from xmm_cli.study.curves import Curve, Steps, curves, retrained
from xmm_cli.study.estimate import Shares
from xmm_cli.study.moments import Moment, last_step, recovery
from xmm_cli.study.series import Line, Panel, Pen, Point, Series, taught
from xmm_cli.study.study import DIRECTIONS, OTHER, Study

SOURCES: tuple[Any, ...] = ("image", "text", "both", None)
INSIDE: tuple[tuple[Inside, str], ...] = (
    ("retrieval", "nearest view is the same person's"),
    ("decodable", "name can be read"),
    ("alignment", "alignment (CKA, of 1)"),
)


def cells(study: Study) -> Series | None:
    """The recall of every cell of plain models of the default base."""
    pen = Pen(study)
    there = [source for source in SOURCES if any(study.shares(source, to) for to in MODALITIES)]
    if not any(there):
        return None
    lines = [
        pen.line(
            f"asked with {asked}",
            asked,
            [(at, study.shares(source, asked)) for at, source in enumerate(there)],
        )
        for asked in MODALITIES
    ]
    ticks = ["untrained" if source is None else taught(source) for source in there]
    return pen.series("cells", [Panel(study.base, lines, ticks=ticks)])


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


Pair = tuple[Shares, Shares]
At = Callable[[Curve, Any, Steps], Pair]
"""What a point is of: recall of the forget set in the modality worked on, and what is up."""


def _leak_at(curve: Curve, worked: Any, steps: Steps) -> Pair:
    return curve.along("forget", worked, steps), curve.along("forget", OTHER[worked], steps)


def _kept_at(curve: Curve, worked: Any, steps: Steps) -> Pair:
    return curve.along("forget", worked, steps), curve.retained(steps)


def _along(pen: Pen, curve: Curve, worked: Any, start: Pair, at: At) -> Line:
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


def layers(study: Study) -> Series | None:
    """What is inside, layer by layer: a panel per measure, a line per source and modality asked."""
    pen = Pen(study)
    panels = []
    for measure, title in INSIDE:
        lines = []
        for source in SOURCES:
            for asked in (None,) if measure == "alignment" else MODALITIES:
                found = layers_of(study, measure, source, asked)
                name = "untrained" if source is None else taught(source)
                lines.append(
                    pen.line(
                        f"{name}, asked with {asked}" if asked else name,
                        f"{source} {asked}",
                        [(float(layer), shares) for layer, shares in found.items()],
                        intervals=measure != "alignment",
                    )
                )
        panels.append(Panel(title, [line for line in lines if line.points]))
    return pen.series("layers", panels)
