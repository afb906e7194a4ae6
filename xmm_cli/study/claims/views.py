"""Do more training views raise recall, in the modality learned in and in the other one?"""

from typing import Any

import numpy as np

from xmm_cli.rows.types import MODALITIES, Finding
from xmm_cli.scoring.intervals import Formula
from xmm_cli.study.effects import mean
from xmm_cli.study.study import DIRECTIONS, Study, empty, percents
from xmm_cli.study.verdict import PRESENT, SMALLEST

FAMILY = "views"


def find(study: Study) -> list[Finding]:
    """Slopes over views, and of target recall over source recall where that changes."""
    found = []
    for source, _ in DIRECTIONS:
        views = numbers_of_views(study, source)
        if len(views) < 2:
            study.leave_out("views", "fewer than two numbers of views", f"learned from {source}")
            continue
        found += [_slope(study, source, asked, views) for asked in MODALITIES]
    for source, target in DIRECTIONS:
        views = numbers_of_views(study, source)
        if len(views) > 2:
            found.append(_relation(study, source, target, views))
    return found


def numbers_of_views(study: Study, source: Any) -> list[int]:
    """Numbers of training views with plain models of the default base, asked in both modalities."""
    asked = {modality: set[int]() for modality in MODALITIES}
    for place in study.people.places(source=source, base=study.base, task="name"):
        if place.plain and place.views and place.modality:
            asked[place.modality].add(place.views)
    return sorted(set.intersection(*asked.values()))


def slope(at: list[float]) -> Formula:
    """The least-squares slope of values over the places `at`: Σ (x − x̄) y / Σ (x − x̄)²."""
    centred = np.array(at) - np.mean(at)
    weights = centred / np.sum(centred**2)

    def formula(*values: Any) -> Any:
        return sum(float(weight) * value for weight, value in zip(weights, values, strict=True))

    return formula


def _slope(study: Study, source: Any, asked: Any, views: list[int]) -> Finding:
    cells = [study.shares(source, asked, views=number) for number in views]
    return study.finding(
        FAMILY,
        f"more views raise recall, {source} → {asked}",
        "least-squares slope of recall per doubling of the training views",
        PRESENT,
        cells,
        slope([float(np.log2(number)) for number in views]),
        comment=f"{percents(cells)} at {', '.join(map(str, views))} views",
    )


def _relation(study: Study, source: Any, target: Any, views: list[int]) -> Finding:
    cells = [
        study.shares(source, asked, views=number) for asked in (source, target) for number in views
    ]

    def formula(*values: Any) -> Any:
        same, cross = np.array(values[: len(views)]), np.array(values[len(views) :])
        same = same - same.mean(axis=0)
        spread = np.sum(same**2, axis=0)
        shared = np.sum(same * cross, axis=0)
        return np.where(spread > 0, shared / np.where(spread > 0, spread, 1.0), np.nan)

    name = f"recall in the other modality grows with it, {source} → {target}"
    measure = (
        "least-squares slope of recall in the other modality over recall in the learned one, "
        "across numbers of views"
    )
    sources = [mean(cell) for cell in cells[: len(views)] if cell]
    if max(sources, default=0.0) - min(sources, default=0.0) < SMALLEST:
        return empty(FAMILY, name, measure, "ratio", "recall in the learned one hardly changes")
    return study.finding(
        FAMILY,
        name,
        measure,
        PRESENT,
        cells,
        formula,
        unit="ratio",
        comment=f"over {', '.join(map(str, views))} views",
        monotone=False,
    )
