"""The figure `unlearning`: what leaks along a run, and what is kept."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from xmm_cli.study.claims.unlearning import worked_on
from xmm_cli.study.curves import Curve, Steps, curves, retrained
from xmm_cli.study.estimate import Shares
from xmm_cli.study.moments import Moment, last_step, recovery
from xmm_cli.study.series import Line, Panel, Pen, Point, Series
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
