"""The figure `ladder`: recall base by base."""

from xmm_cli.rows.types import MODALITIES
from xmm_cli.study.series import Panel, Pen, Series, taught
from xmm_cli.study.study import DIRECTIONS, Study


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
