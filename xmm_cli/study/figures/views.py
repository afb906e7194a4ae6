"""The figure `views`: recall against the number of training views."""

from xmm_cli.rows.types import MODALITIES
from xmm_cli.study.claims.views import numbers_of_views
from xmm_cli.study.series import Panel, Pen, Series, taught
from xmm_cli.study.study import DIRECTIONS, Study


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
