"""Score rows and findings say the same of the same persons and cells, to the last digit."""

import numpy as np
import pytest

from xmm_cli.scoring.metrics import METRICS
from xmm_cli.study.effects import IntervalSettings, SeededPerson, estimate

from .engine import score_rows
from .people import pick, probe

CELLS = (("image", "image", 0.8), ("image", "text", 0.4), (None, "image", 0.1), (None, "text", 0.1))
DRAWING = IntervalSettings(resamples=499)


def answers(persons, recalls, seeds=1, several=False):
    """Rows, and the shares that findings make of them; everyone under one seed, or under all."""
    random = np.random.default_rng([persons, seeds, several])
    rows, shares = [], {}
    for source, modality, _ in CELLS:
        recall = recalls.get((source, modality), 0.1)
        cell = shares.setdefault((source, modality), {})
        for number in range(persons):
            own = random.beta(2 * recall, 2 * (1 - recall)) if 0 < recall < 1 else recall
            taught = range(seeds) if several and source else [number % seeds]
            for seed in taught:
                right = random.random(4) < own
                label = {"seed": seed} if seeds > 1 and source else {}
                rows += [
                    probe(source=source, modality=modality, persona=f"p{number:02}", view=view,
                          correct=bool(one), condition=label | {"views": 4},
                          **({"checkpoint": f"runs/{source}-{seed}"} if source else {}))
                    for view, one in enumerate(right)
                ]  # fmt: skip
                cell[SeededPerson(label.get("seed"), f"p{number:02}")] = float(np.mean(right))
    return rows, shares


def scored(rows, metric):
    pooled = score_rows(rows, by=["views"], resamples=499, metrics=[metric]).rows
    return pick(pooled, metric, "image", "text")


RECALLS = {
    "in the middle": {("image", "image"): 0.8, ("image", "text"): 0.4},
    "near the ends": {("image", "image"): 1.0, ("image", "text"): 0.05},
}


@pytest.mark.parametrize("recalls", RECALLS.values(), ids=RECALLS)
@pytest.mark.parametrize(("seeds", "several"), [(1, False), (3, False), (3, True)])
@pytest.mark.parametrize("persons", [12, 30])
@pytest.mark.parametrize("metric", ["recall", "memory", "transfer_gap", "transfer_ratio"])
def test_scores_and_findings_print_the_same_digits(recalls, seeds, several, persons, metric):
    rows, shares = answers(persons, recalls, seeds, several)
    row = scored(rows, metric)
    names = [("image", "image"), ("image", "text")][-1 if metric in ("recall", "memory") else 0 :]
    chances = [None if metric == "recall" else shares[None, modality] for _, modality in names]
    formula = METRICS.load(metric).formula
    found = estimate([shares[name] for name in names], formula, DRAWING, chances=chances)
    assert (found.effect, found.persons) == (row.value, row.personas)
    if metric != "transfer_ratio" or row.low is not None:
        assert (found.low, found.high) == (row.low, row.high)
        assert found.how in row.method
    assert (found.between is None) == (seeds == 1 or several or "times as wide" not in row.method)


def test_a_base_asked_about_others_gives_its_mean():
    rows, shares = answers(20, RECALLS["in the middle"])
    base = {SeededPerson(None, f"other{one}"): share for one, share in enumerate([0.25, 0.0, 0.5])}
    rows = [row for row in rows if row.source is not None]
    rows += [
        probe(source=None, modality="text", persona=person.id, view=view,
              correct=view < 4 * share, condition={"views": 4})
        for person, share in base.items() for view in range(4)
    ]  # fmt: skip
    row = scored(rows, "memory")
    found = estimate(
        [shares["image", "text"]], METRICS.load("memory").formula, DRAWING, chances=[base]
    )
    assert (found.effect, found.low, found.high) == (row.value, row.low, row.high)


def test_no_rows_of_the_base_are_a_chance_of_zero():
    _, shares = answers(20, RECALLS["in the middle"])
    cell = [shares["image", "text"]]
    formula = METRICS.load("memory").formula
    assert estimate(cell, formula, DRAWING, chances=[{}]) == estimate(
        cell, formula, DRAWING, chances=[0.0]
    )
    assert estimate(cell, formula, DRAWING, chances=[0.97]) is None
