"""Figures from series of numbers: one file and one line here for each.

matplotlib is loaded when a figure is drawn, never before.
"""

from pathlib import Path

from xmm_cli.errors import WrongUsage
from xmm_cli.registry import Registry
from xmm_cli.reporting.plots.given import Series

__all__ = ["FIGURES", "SUFFIXES", "check_suffix", "draw"]

FIGURES = Registry(
    "figure",
    {
        "views": ("xmm_cli.reporting.plots.views:draw", "recall against training views"),
        "unlearning": ("xmm_cli.reporting.plots.unlearning:draw", "what leaks, what is kept"),
        "ladder": ("xmm_cli.reporting.plots.ladder:draw", "recall base by base"),
        "mitigation": ("xmm_cli.reporting.plots.mitigation:draw", "recall method by method"),
        "layers": ("xmm_cli.reporting.plots.layers:draw", "inside, layer by layer"),
        "cells": ("xmm_cli.reporting.plots.cells:draw", "learned from, asked with"),
    },
)
"""In the order in which the first one that the rows support is chosen."""

SUFFIXES = (".png", ".svg", ".pdf")


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
    from xmm_cli.reporting.plots.style import drawn

    return drawn(FIGURES.load(series.figure), series, format)
