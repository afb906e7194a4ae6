"""Two runs, person by person."""

import numpy as np
import pytest

from xmm_cli.errors import WrongUsage
from xmm_cli.scoring.against import holm

from .engine import score_against
from .people import USUAL, cell, pick, study


def compared(rows, baseline, **options):
    return score_against(rows, baseline, resamples=options.pop("resamples", 400), **options)


def test_a_run_against_itself_is_no_difference():
    result = compared(study(9), study(9), metrics=["recall", "transfer_gap"])
    assert result.rows
    for row in result.rows:
        if row.metric == "gap_closed":
            assert row.value == pytest.approx(0)
        else:
            assert (row.value, row.p, row.p_holm) == (0, 1, 1)
            assert row.low <= row.value <= row.high


def test_runs_that_are_turned_round_change_the_sign():
    better = USUAL | {("image", "text"): 0.8}
    one, two = list(study(60, seed=1)), list(study(60, recalls=better, seed=2))
    names = ["recall", "transfer_gap", "transfer_ratio", "cross_modal_score"]
    forth, back = (compared(*pair, metrics=names).rows for pair in ((two, one), (one, two)))
    for name, source, modality in (
        ("recall_difference", "image", "text"),
        ("transfer_gap_difference", "image", "text"),
        ("transfer_ratio_difference", "image", "text"),
        ("cross_modal_score_difference", None, None),
    ):
        first, second = (pick(rows, name, source, modality) for rows in (forth, back))
        assert first.value == pytest.approx(-second.value)
        assert first.p == pytest.approx(second.p, abs=0.02)
    assert pick(forth, "recall_difference", "image", "text").low > 0
    assert pick(forth, "recall_difference", "image", "text").p < 0.01
    closed = pick(forth, "gap_closed", "image", "text")
    assert 0 < closed.value < 1


def test_with_one_question_a_person_it_is_mcnemars_exact_test():
    from statsmodels.stats.contingency_tables import mcnemar

    before = [1.0] * 3 + [0.0] * 9
    after = [0.0] + [1.0] * 9 + [0.0] * 2
    own, base = (cell("text", "text", shares, views=1) for shares in (after, before))
    row = pick(compared(own, base, resamples=9999).rows, "recall_difference", "text", "text")
    table = np.zeros((2, 2))
    for one, two in zip(before, after, strict=True):
        table[int(one), int(two)] += 1
    assert row.p == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert row.value == pytest.approx(6 / 12)


def test_holm_is_over_all_comparisons_of_a_metric():
    from statsmodels.stats.multitest import multipletests

    rows = []
    for number in range(5):
        better = USUAL | {("image", "text"): 0.5 + 0.05 * number}
        rows += study(recalls=better, seed=number + 1, condition={"method": f"m{number}"})
    result = compared(rows, study(), metrics=["transfer_gap"])
    family = [row for row in result.rows if row.metric == "transfer_gap_difference"]
    assert len(family) == 5 * 2 * 2
    expected = multipletests([row.p for row in family], method="holm")[1]
    assert [row.p_holm for row in family] == pytest.approx(expected)
    assert all(row.p_holm >= row.p for row in family)
    assert holm([]) == []


def test_only_persons_of_both_runs_count():
    result = compared(cell("text", "text", [1.0] * 9), cell("text", "text", [0.5] * 6))
    row = pick(result.rows, "recall_difference", "text", "text")
    assert (row.value, row.personas) == (0.5, 6)
    assert "3 persons left out who are not in both runs" in row.method


def test_counterparts():
    def of(share, **labels):
        return cell("text", "text", [share] * 4, condition=labels)

    base = of(0.0, views=4) + of(0.25, views=8)
    result = compared(of(1.0, views=8, mitigation="paired"), base)
    assert pick(result.rows, "recall_difference", "text", "text").value == 0.75
    result = compared(of(1.0, views=16), base)
    assert (result.rows, len(result.notes)) == ([], 1)
    assert "no counterpart in the baseline" in result.notes[0]
    result = compared(of(1.0, views=16), of(0.5, views=4))
    assert pick(result.rows, "recall_difference", "text", "text").value == 0.5
    result = compared(of(1.0, views=16), base, by=[])
    assert pick(result.rows, "recall_difference", "text", "text").value == 0.875


def test_measures_are_compared_too():
    rows = [list(study(seed=seed)) for seed in (0, 1)]
    result = compared(*rows, metrics=["exposure", "memory"])
    assert {row.metric for row in result.rows} == {"exposure_difference", "memory_difference"}


def test_the_same_seed_gives_the_same_rows():
    rows = [list(study(seed=seed)) for seed in (1, 2)]
    runs = [compared(*rows, seed=3, metrics=["transfer_gap"]) for _ in range(2)]
    assert runs[0].rows == runs[1].rows


def test_what_is_no_mean_over_persons_has_no_difference():
    with pytest.raises(WrongUsage, match="a difference in membership"):
        compared(study(), study(), metrics=["recall", "membership"])


@pytest.mark.slow
def test_p_is_uniform_where_runs_are_alike():
    """Of 400 pairs of alike runs, about 5 % have p below 0.05."""
    recalls = {("text", "text"): 0.6}
    below = sum(
        pick(
            compared(
                study(20, recalls=recalls, seed=2 * seed),
                study(20, recalls=recalls, seed=2 * seed + 1),
            ).rows,
            "recall_difference",
            "text",
            "text",
        ).p
        < 0.05
        for seed in range(400)
    )
    assert 0.025 <= below / 400 <= 0.075, below / 400


def test_what_is_not_defined_counts_for_the_side_that_was_seen():
    """Swapped so that one run knows nothing as it was taught, it has no ratio."""
    own = cell("text", "text", [1.0] * 4 + [0.0] * 4) + cell("text", "image", [0.5] * 8)
    base = cell("text", "text", [0.0] * 4 + [1.0] * 4) + cell("text", "image", [0.0] * 8)
    base += cell("text", "image", [0.25] * 3, views=4)
    both = [
        pick(compared(*pair, metrics=["transfer_ratio"], resamples=999).rows,
             "transfer_ratio_difference", "text", "image")
        for pair in ((own, base), (base, own))
    ]  # fmt: skip
    assert both[0].value == pytest.approx(-both[1].value)
    assert both[0].p == pytest.approx(both[1].p)
