"""Intervals against scipy's, and by hand."""

import numpy as np
import pytest

from xmm_cli.scoring.intervals import (
    Interval,
    bca,
    clopper_pearson,
    jackknife_means,
    mover,
    resampled_means,
)


def interval(columns, formula, resamples=9999, level=0.95):
    columns = np.asarray(columns, dtype=float)
    means = resampled_means(columns, resamples, 0)
    return bca(
        float(formula(*columns.mean(axis=0))),
        formula(*means.T),
        formula(*jackknife_means(columns).T),
        level,
    )


@pytest.mark.parametrize("persons", [12, 60])
def test_bca_agrees_with_scipy(persons):
    from scipy.stats import bootstrap

    random = np.random.default_rng(3)
    one, two = random.binomial(4, 0.8, persons) / 4, random.binomial(4, 0.4, persons) / 4
    ours = interval(np.column_stack([one, two]), lambda a, b: b / a)
    theirs = bootstrap(
        (one, two),
        lambda a, b, axis: b.mean(axis=axis) / a.mean(axis=axis),
        paired=True,
        vectorized=True,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_no_bca_where_all_resamples_agree():
    assert interval([[0.5]] * 10, lambda share: share) is None


def test_no_bca_where_a_resample_is_no_number():
    columns = [[0.0, 1.0]] * 9 + [[1.0, 1.0]]
    assert interval(columns, lambda a, b: b / np.where(a > 0, a, np.nan)) is None


def test_resamples_are_the_same_for_every_group_of_the_same_size():
    column = np.linspace(0, 1, 30)[:, None]
    wide = np.column_stack([column[:, 0], column[::-1, 0]])
    alone, beside = resampled_means(column, 300, 5), resampled_means(wide, 300, 5)
    assert alone[:, 0] == pytest.approx(beside[:, 0])


def test_many_persons_are_drawn_in_pieces(monkeypatch):
    monkeypatch.setattr("xmm_cli.scoring.intervals.CHUNK", 700)
    means = resampled_means(np.random.default_rng(0).random((100, 2)), 1000, 0)
    assert means.shape == (1000, 2)
    assert means.mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("right", "persons"), [(0, 20), (20, 20), (3, 20), (1, 1), (0, 1)])
def test_clopper_pearson_agrees_with_scipy(right, persons):
    from scipy.stats import binomtest

    theirs = binomtest(right, persons).proportion_ci(0.95, method="exact")
    ours = clopper_pearson(right / persons, persons, 0.95)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-8)


def test_clopper_pearson_of_a_share_between():
    low, high = clopper_pearson(0.125, 10, 0.95)
    assert clopper_pearson(0.1, 10, 0.95).low < low < clopper_pearson(0.2, 10, 0.95).low
    assert clopper_pearson(0.1, 10, 0.95).high < high < clopper_pearson(0.2, 10, 0.95).high


def test_mover_of_a_difference_is_newcombes():
    parts = [Interval(0.7, 0.95), Interval(0.1, 0.4)]
    found = mover(lambda a, b: a - b, [0.9, 0.2], parts)
    assert found.low == pytest.approx(0.7 - (0.2**2 + 0.2**2) ** 0.5)
    assert found.high == pytest.approx(0.7 + (0.05**2 + 0.1**2) ** 0.5)


def test_mover_is_none_where_a_part_may_be_divided_by_zero():
    def ratio(a, b):
        return b / a if a > 0 else float("nan")

    assert mover(ratio, [0.5, 0.5], [Interval(0.0, 1.0), Interval(0.2, 0.7)]) is None


def test_two_stages_draw_seeds_and_then_persons():
    """Persons of a seed that was not drawn count nothing; sizes may differ."""
    seeds = [0, 1, 1, 0, 2, 2, 2]
    columns = np.eye(7)
    means = resampled_means(columns, 4000, 0, seeds)
    assert means.sum(axis=1) == pytest.approx(np.ones(4000))
    of_seed = np.stack([means[:, np.array(seeds) == one].sum(axis=1) for one in range(3)], axis=1)
    assert np.mean(of_seed[:, 0] == 0) == pytest.approx((2 / 3) ** 3, abs=0.03)
    assert np.mean(of_seed[:, 2] == 1) == pytest.approx((1 / 3) ** 3, abs=0.02)
    assert (means == resampled_means(columns, 4000, 0, seeds)).all()
    half = resampled_means(columns[:, :3], 4000, 0, seeds)
    assert half == pytest.approx(means[:, :3])


def test_one_person_a_seed_is_one_stage():
    column = np.random.default_rng(0).random((60, 1))
    one, two = (resampled_means(column, 9999, 0, seeds) for seeds in (None, range(60)))
    assert two.std() == pytest.approx(one.std(), rel=0.03)


def test_two_stages_spread_by_the_variance_within_and_between():
    """Of S seeds of n: (S - 1)/S of the variance between seeds, over S; and that within, over n."""
    random = np.random.default_rng(0)
    values = random.random((4, 25)) + np.array([[0.0], [0.5], [1.0], [1.5]])
    means = resampled_means(values.reshape(-1, 1), 9999, 0, np.repeat(range(4), 25))
    within = values.var(axis=1).mean() / 100
    between = values.mean(axis=1).var() / 4
    assert means.var() == pytest.approx(within + between, rel=0.05)
