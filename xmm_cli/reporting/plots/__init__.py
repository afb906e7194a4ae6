"""Figures as files, as words, and in a terminal, from the series that the study makes.

matplotlib is loaded when a figure is drawn, never before.
"""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.words import clean
from xmm_cli.rows.fonts import fonts_for, written_out
from xmm_cli.scoring.plotted import Series

SUFFIXES = (".png", ".svg", ".pdf")

DPI = 200
"""A PNG of 1600 pixels across; at half of that all words can still be read."""

SETTINGS: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "savefig.dpi": DPI,
    "svg.hashsalt": "xmm",
    "text.parse_math": False,
}


def check_suffix(path: Path) -> str:
    """The format that a file's name asks for.

    Raises:
        WrongUsage: it is none that is known.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise WrongUsage(f"--plot {path}", f"a figure's name ends in {', '.join(SUFFIXES)}")
    return suffix.removeprefix(".")


def draw(series: Series, format: str) -> bytes:
    """The figure as a file of this format (`png`, `svg` or `pdf`); the same numbers, same bytes."""
    import logging

    # of a home that cannot be written it tells at length, and works
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    file = BytesIO()
    settings: Any = {**mpl.rcParamsDefault, **SETTINGS, "backend": "agg"}
    with mpl.rc_context(settings):
        figure = Figure(layout="constrained")
        FigureCanvasAgg(figure)
        series.draw(figure, cleaned(series))
        _with_all_letters(figure)
        metadata = {"png": None, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[format]
        figure.savefig(file, format=format, metadata=metadata)
    return file.getvalue()


def _with_all_letters(figure: Any) -> None:
    """Add fonts for the letters that the usual one lacks."""
    from matplotlib.font_manager import FontProperties, fontManager
    from matplotlib.text import Text

    texts = figure.findobj(Text)
    fonts, _ = fonts_for("".join(text.get_text() for text in texts))
    if len(fonts) == 1:
        return
    for path in fonts[1:]:
        fontManager.addfont(path)
    families = [FontProperties(fname=path).get_name() for path in fonts]
    for text in texts:
        text.set_fontfamily(families)


def label(text: str) -> str:
    r"""A name from the rows on one line; what no font can draw is written out (`\u738b`)."""
    return written_out(clean(text), fonts_for(text)[1])


def cleaned(series: Any) -> Any:
    """The series with its texts as labels."""
    panels = [
        replace(
            panel,
            title=label(panel.title),
            lines=[replace(line, name=label(line.name)) for line in panel.lines],
            ticks=[label(tick) for tick in panel.ticks],
        )
        for panel in series.panels
    ]
    return replace(series, panels=panels)
