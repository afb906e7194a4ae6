"""Intervals against scipy's, and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.scoring.between import between
from xmm_cli.scoring.intervals import (
    Interval,
    bca,
    clopper_pearson,
    jackknife_means,
    mover,
    resampled_means,
)


def interval(columns, formula, resamples=9999, level=0.95, expanded=False):
    columns = np.asarray(columns, dtype=float)
    means = resampled_means(columns, resamples, 0)
    return bca(
        float(formula(*columns.mean(axis=0))),
        formula(*means.T),
        formula(*jackknife_means(columns).T),
        level,
        expanded=expanded,
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


def test_resamples_without_a_number_make_it_wider_or_take_it_away():
    def ratio(a, b):
        return b / np.where(a > 0, a, np.nan)

    random = np.random.default_rng(0)
    columns = np.column_stack([random.random(40), random.random(40)])

    def undefined_below(threshold):
        return interval(columns, lambda a, b: b / np.where(a > threshold, a, np.nan))

    plain = undefined_below(0.0)
    some = undefined_below(np.quantile(resampled_means(columns, 9999, 0)[:, 0], 0.01))
    assert some.low < plain.low
    assert some.high > plain.high - 0.02
    assert undefined_below(np.quantile(resampled_means(columns, 9999, 0)[:, 0], 0.1)) is None
    assert interval([[0.0, 1.0]] * 9 + [[1.0, 1.0]], ratio) is None


def test_an_expanded_interval_is_wider_for_few_persons_and_heavy_tails():
    random = np.random.default_rng(0)

    def times_as_wide(column):
        widths = []
        for expanded in (False, True):
            low, high = interval(column[:, None], lambda share: share, expanded=expanded)
            widths.append(high - low)
        return widths[1] / widths[0]

    assert times_as_wide(random.random(10)) == pytest.approx(1.22, abs=0.05)
    assert times_as_wide(random.random(200)) == pytest.approx(1.01, abs=0.02)
    rare = np.zeros(200)
    rare[:6] = 1
    assert times_as_wide(rare) > 1.08


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
    found = mover(0.7, [Interval(0.5, 0.75), Interval(0.5, 0.8)])
    assert found.low == pytest.approx(0.7 - (0.2**2 + 0.2**2) ** 0.5)
    assert found.high == pytest.approx(0.7 + (0.05**2 + 0.1**2) ** 0.5)


def influence(spread, sizes, seed=0):
    random = np.random.default_rng(seed)
    own = np.repeat(np.arange(len(sizes)), sizes)
    return random.standard_normal(len(own)) + spread * np.arange(len(sizes))[own], own


def test_seeds_that_differ_widen_and_others_hardly():
    alike = np.mean([between(*influence(0, [32] * 3, one), 0.95).stretch for one in range(300)])
    apart = np.mean([between(*influence(1, [32] * 3, one), 0.95).stretch for one in range(300)])
    assert alike == pytest.approx(1.39, abs=0.05)
    assert apart > 3


def test_how_far_seeds_differ_is_the_component_of_variance():
    """Of equal sizes: the variance of the seeds' means, less what their persons explain."""
    values, own = influence(0.5, [40, 40, 40])
    means = values.reshape(3, 40)
    within = means.var(axis=1, ddof=1).mean()
    component = means.mean(axis=1).var(ddof=1) - within / 40
    found = between(values, own, 0.95)
    assert found.spread == pytest.approx(component**0.5)
    assert found.own == pytest.approx((within / 40) ** 0.5)
    assert found.limit == pytest.approx(found.own * 1.8**0.5, rel=0.05)
    assert "holds for seeds that differ by up to" in found.words(100)


def test_nothing_is_widened_where_seeds_say_nothing():
    assert between(np.arange(9.0), np.zeros(9, dtype=int), 0.95) is None
    assert between(np.arange(9.0), np.arange(9), 0.95) is None
    assert between(np.ones(9), np.arange(9) % 3, 0.95) is None
    assert between(np.array([np.nan, 1.0, 2.0, 3.0]), np.arange(4) % 2, 0.95) is None


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=40),
    st.floats(0.01, 0.999),
)
def test_an_interval_over_seeds_is_never_narrower(persons, level):
    numbers = np.unique([seed for seed, _ in persons], return_inverse=True)[1]
    found = between(np.array([value / 4 for _, value in persons]), numbers, level)
    if found is not None:
        assert found.stretch >= 1
        assert found.limit > 0 or found.own == 0
        assert found.spread >= 0
