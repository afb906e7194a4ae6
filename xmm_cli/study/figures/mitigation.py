"""The figure `mitigation`: recall method by method."""

from xmm_cli.study.claims.mitigation import Method, cells_of, methods
from xmm_cli.study.series import Panel, Pen, Series, taught
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
