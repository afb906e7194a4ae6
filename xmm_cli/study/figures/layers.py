"""The figure `layers`: what is inside, layer by layer."""

from typing import Any

from xmm_cli.rows.types import MODALITIES, Inside
from xmm_cli.study.claims.inside import layers_of
from xmm_cli.study.figures.style import (
    BLUE,
    GREY,
    PURPLE,
    VERMILION,
    draw_curve,
    in_percent,
    legend,
    note,
    panels_beside,
)
from xmm_cli.study.series import Figure, Line, Panel, Pen, Series, taught
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


LEARNED = {"image": BLUE, "text": VERMILION, "both": PURPLE, "None": GREY}
ASKED = {"image": ("o", "-"), "text": ("s", "--"), "None": ("D", "-")}


def draw(figure: Any, series: Series) -> None:
    """A panel for each measure; the colour is what was learned from, the dash what was asked."""
    axes = panels_beside(figure, series.panels, 4.4)
    for ax, panel in zip(axes, series.panels, strict=True):
        for line in panel.lines:
            _draw_line(ax, line)
        ax.set_title(panel.title, fontsize=10.5)
        ax.set_xlabel("layer")
        in_percent(ax)
        ax.xaxis.get_major_locator().set_params(integer=True)
    asked = [ax for ax, panel in zip(axes, series.panels, strict=True) if len(panel.lines) > 2]
    legend(figure, asked or axes, 2)
    note(figure, series)


def _draw_line(ax: Any, line: Line) -> None:
    learned, _, asked = line.key.partition(" ")
    marker, style = ASKED[asked]
    made = draw_curve(ax, line, LEARNED[learned], marker, style)
    made.set_markersize(4)
    if asked == "None":
        made.set_label("_")


FIGURE = Figure(layers, draw, unit="layer")
