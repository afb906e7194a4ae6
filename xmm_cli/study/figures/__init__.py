"""Figures: from counts to what is drawn. One file and one line here for each."""

from xmm_cli.registry import Registry
from xmm_cli.study.estimate import Drawing
from xmm_cli.study.people import People
from xmm_cli.study.series import Series
from xmm_cli.study.study import Study

FIGURES = Registry(
    "figure",
    {
        "views": ("xmm_cli.study.figures.views:views", "recall against training views"),
        "unlearning": ("xmm_cli.study.figures.unlearning:unlearning", "what leaks, what is kept"),
        "ladder": ("xmm_cli.study.figures.ladder:ladder", "recall base by base"),
        "mitigation": ("xmm_cli.study.figures.mitigation:mitigation", "recall method by method"),
        "layers": ("xmm_cli.study.figures.layers:layers", "inside, layer by layer"),
        "cells": ("xmm_cli.study.figures.cells:cells", "learned from, asked with"),
    },
)
"""In the order in which the first one that the rows support is chosen."""


def series_of(people: People, figure: str, drawing: Drawing | None = None) -> Series | None:
    """What a figure shows; None where the rows do not support it.

    Raises:
        WrongUsage: an unknown figure.
    """
    build = FIGURES.load(figure)
    found: Series | None = build(Study(people, drawing or Drawing()))
    return found


def first_series(people: People, drawing: Drawing | None = None) -> Series | None:
    """The first figure that the rows support, in the order of `FIGURES`."""
    made = (series_of(people, name, drawing) for name in FIGURES.names())
    return next((one for one in made if one is not None), None)
