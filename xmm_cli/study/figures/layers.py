"""The figure `layers`: what is inside, layer by layer."""

from typing import Any

from xmm_cli.rows.types import MODALITIES, Inside
from xmm_cli.study.claims.inside import layers_of
from xmm_cli.study.series import Panel, Pen, Series, taught
from xmm_cli.study.study import Study

SOURCES: tuple[Any, ...] = ("image", "text", "both", None)
INSIDE: tuple[tuple[Inside, str], ...] = (
    ("retrieval", "nearest view is the same person's"),
    ("decodable", "name can be read"),
    ("alignment", "alignment (CKA, of 1)"),
)


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
