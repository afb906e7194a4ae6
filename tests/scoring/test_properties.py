"""What holds for any rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmm_cli.rows.types import MODALITIES
from xmm_cli.scoring.metrics.detectable_gap import smallest_gap
from xmm_cli.scoring.metrics.edit_similarity import edit_similarity
from xmm_cli.scoring.metrics.token_f1 import token_f1

from .engine import score_against, score_rows
from .people import pick, probe

sources = st.sampled_from([None, "image", "text", "both"])
labels = st.dictionaries(
    st.sampled_from(["views", "seed", "hops", "base"]),
    st.one_of(st.integers(0, 2), st.booleans(), st.sampled_from(["a", "1"])),
    max_size=2,
)
probes = st.builds(
    probe,
    source=sources,
    modality=st.sampled_from(MODALITIES),
    task=st.sampled_from(["name", "fact"]),
    persona=st.sampled_from([f"p{number}" for number in range(9)]),
    view=st.integers(0, 3),
    correct=st.one_of(st.none(), st.booleans()),
    rank=st.one_of(st.none(), st.integers(1, 8)),
    candidates=st.one_of(st.none(), st.just(8), st.just(1)),
    condition=labels,
    set=st.sampled_from([None, "forget", "retain"]),
    hops=st.integers(1, 2),
)
cells = st.lists(st.integers(0, 4), min_size=3, max_size=12)


def scored(rows):
    return score_rows(rows, resamples=100).rows


def once(rows):
    """Without repetitions, whose last answer would count."""

    def question(row):
        label = tuple((name, repr(value)) for name, value in sorted(row.condition.items()))
        return (row.source, row.modality, row.task, row.persona, row.view, row.set, row.hops, label)

    return list({question(row): row for row in rows}.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(probes, max_size=60).map(once), st.randoms())
def test_order_does_not_matter_and_ranges_hold(rows, random):
    scores = scored(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert scored(shuffled) == scores
    for score in scores:
        if score.value is None:
            assert (score.low, score.high) == (None, None)
            assert "none: " in score.method
            continue
        if score.low is not None:
            assert score.low <= score.value <= score.high
        if score.metric in ("recall", "chance"):
            assert 0 <= score.value <= 1
            assert score.low is None or 0 <= score.low <= score.high <= 1
        if score.metric == "memory":
            assert score.value <= 1
            assert score.low is None or score.high <= 1 + 1e-9
        if score.metric == "cross_modal_score":
            assert score.value >= 0


def asked(source, modality, right):
    return [
        probe(source=source, modality=modality, persona=f"p{person}", view=view, correct=view < k)
        for person, k in enumerate(right)
        for view in range(4)
    ]


@settings(max_examples=40, deadline=None)
@given(cells, cells)
def test_the_gap_changes_its_sign_when_cells_are_swapped(one, two):
    forth = scored(asked("image", "image", one) + asked("image", "text", two))
    back = scored(asked("image", "image", two) + asked("image", "text", one))
    gap, swapped = (pick(rows, "transfer_gap", "image", "text") for rows in (forth, back))
    assert abs(gap.value + swapped.value) < 1e-9


@settings(max_examples=40, deadline=None)
@given(cells, cells, cells, cells)
def test_asymmetry_changes_its_sign_and_the_score_stays_when_modalities_are_swapped(a, b, c, d):
    other = {"image": "text", "text": "image"}
    rows = [
        *asked("image", "image", a),
        *asked("image", "text", b),
        *asked("text", "text", c),
        *asked("text", "image", d),
    ]
    mirrored = [
        probe(
            source=other[row.source],
            modality=other[row.modality],
            persona=row.persona,
            view=row.view,
            correct=row.correct,
        )
        for row in rows
    ]
    first, second = scored(rows), scored(mirrored)
    one, two = pick(first, "asymmetry"), pick(second, "asymmetry")
    assert (one.value is None) == (two.value is None)
    if one.value is not None:
        assert abs(one.value + two.value) < 1e-9
        scores = [pick(rows, "cross_modal_score").value for rows in (first, second)]
        assert abs(scores[0] - scores[1]) < 1e-9


@settings(max_examples=30, deadline=None)
@given(cells)
def test_knowing_all_that_was_learned_is_a_ratio_of_one(right):
    rows = scored(asked("image", "image", right) + asked("image", "text", right))
    assert pick(rows, "transfer_gap", "image", "text").value == 0
    ratio = pick(rows, "transfer_ratio", "image", "text").value
    assert ratio is None or abs(ratio - 1) < 1e-9


words = st.lists(st.sampled_from(["ada", "Byron", "lee", "Ödegård", "?"]), max_size=4).map(" ".join)


@given(words, words)
def test_similarities_are_shares_symmetric_and_one_for_the_same_text(one, two):
    for measure in (edit_similarity, token_f1):
        there, back = measure(one, two), measure(two, one)
        assert 0 <= there <= 1
        assert there == back
        assert measure(one, one) == 1


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(cells, cells, cells, cells)
def test_a_difference_of_runs_changes_its_sign_when_they_are_swapped(a, b, c, d):
    one = asked("image", "image", a) + asked("image", "text", b)
    two = asked("image", "image", c) + asked("image", "text", d)
    forth, back = (
        score_against(*runs, resamples=100, metrics=["transfer_gap"]).rows
        for runs in ((one, two), (two, one))
    )
    first, second = (
        pick(rows, "transfer_gap_difference", "image", "text") for rows in (forth, back)
    )
    assert abs(first.value + second.value) < 1e-9
    assert first.low <= first.value <= first.high
    assert 0 < first.p <= first.p_holm <= 1


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=40))
def test_the_detectable_gap_grows_with_the_spread_and_shrinks_with_persons(differences):
    column = np.array(differences)
    gap, _ = smallest_gap(column, 0.95)
    assert 0 <= gap <= 1
    more, words = smallest_gap(np.tile(column, 4), 0.95)
    if "spread" in words and "spread" in smallest_gap(column, 0.95)[1]:
        assert more <= gap + 1e-9
    assert smallest_gap(column, 0.99)[0] >= gap
