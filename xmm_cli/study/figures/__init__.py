"""Figures: from counts to numbers, and how these are drawn. One file and one line here for each."""

from dataclasses import replace
from typing import TYPE_CHECKING

from xmm_cli.registry import Registry

if TYPE_CHECKING:
    from xmm_cli.study.condition_counts import ConditionCounts
    from xmm_cli.study.effects import IntervalSettings
    from xmm_cli.study.series import Figure, Series

FIGURES = Registry(
    "figure",
    {
        "views": ("xmm_cli.study.figures.views:FIGURE", "recall against training views"),
        "unlearning": ("xmm_cli.study.figures.unlearning:FIGURE", "what leaks, what is kept"),
        "ladder": ("xmm_cli.study.figures.ladder:FIGURE", "recall base by base"),
        "mitigation": ("xmm_cli.study.figures.mitigation:FIGURE", "recall method by method"),
        "layers": ("xmm_cli.study.figures.layers:FIGURE", "inside, layer by layer"),
        "cells": ("xmm_cli.study.figures.cells:FIGURE", "learned from, asked with"),
    },
    "xmm.figures",
)
"""In the order in which the first one that the rows support is chosen."""


def series_of(
    people: "ConditionCounts", figure: str, drawing: "IntervalSettings | None" = None
) -> "Series | None":
    """What a figure shows, and how it is drawn; None where the rows do not support it.

    Raises:
        WrongUsage: an unknown figure.
        Unavailable: one of another package that cannot be imported.
    """
    from xmm_cli.study.effects import IntervalSettings
    from xmm_cli.study.study import Study

    made: Figure = FIGURES.load(figure)
    series = made.series(Study(people, drawing or IntervalSettings()))
    if series is None:
        return None
    about = FIGURES.describe()[figure]
    return replace(series, figure=figure, about=about, unit=made.unit, draw=made.draw)


def first_series(
    people: "ConditionCounts", drawing: "IntervalSettings | None" = None
) -> "Series | None":
    """The first figure that the rows support, in the order of `FIGURES`."""
    every = (series_of(people, name, drawing) for name in FIGURES.names())
    return next((series for series in every if series is not None), None)
