"""Grouping, repeated rows, the untrained base, options and notes."""

import random

import msgspec
import pytest

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.types import Score

from .engine import score_against, score_rows
from .people import USUAL, cell, pick, probe, ranked, study


def scored(rows, **options):
    return score_rows(rows, resamples=200, **options)


def values(result, metric="recall"):
    return [(row.condition, row.value) for row in result.rows if row.metric == metric]


def test_nothing_gives_nothing():
    assert scored([]).rows == []
    assert scored([], by=["views"]).rows == []


def test_every_metric_in_every_cell():
    rows = scored(study()).rows
    assert all(isinstance(row, Score) for row in rows)
    assert len(rows) == 2 * (6 + 4 + 4 + 2 + 2 + 1 + 1 + 2)


def test_order_of_rows_does_not_matter():
    rows = list(study(views=3, condition={"views": 3}))
    expected = scored(rows)
    random.Random(1).shuffle(rows)
    assert scored(rows) == expected


def test_another_seed_moves_intervals_only():
    rows = list(study())
    one, two = scored(rows, seed=1).rows, scored(rows, seed=2).rows
    assert [row.value for row in one] == [row.value for row in two]
    assert [row.low for row in one] != [row.low for row in two]


def test_repeated_rows_count_once_and_the_last_wins():
    rows = cell("text", "text", [1.0, 0.0])
    result = scored(rows + [probe(persona="p1", view=view, correct=True) for view in range(4)])
    row = pick(result.rows, "recall", "text", "text")
    assert (row.value, row.n) == (1, 8)
    assert result.notes[0] == "4 probe rows were given twice and count once"
    assert result.notes[1].startswith("4 questions were answered otherwise")


def test_an_identical_repetition_changes_nothing():
    rows = list(study())
    once, twice = scored(rows), scored(rows + rows)
    assert once.rows == twice.rows
    assert twice.notes == [
        f"{len(rows)} probe rows were given twice and count once",
        *once.notes,
    ]


def test_generating_and_ranking_may_come_in_two_rows():
    rows = cell("text", "text", [1.0]) + ranked("text", "text", [0.5])
    result = scored(rows)
    assert pick(result.rows, "recall", "text", "text").value == 1
    assert pick(result.rows, "recall", "text", "text", "rank").value == 0.5
    assert not [note for note in result.notes if "repeated" in note]


def test_every_label_parts_groups_by_default():
    rows = cell("text", "text", [1.0], condition={"views": 4, "seed": 0})
    rows += cell("text", "text", [0.0], condition={"views": 16, "seed": 1})
    found = values(scored(rows))
    assert found == [({"seed": 0, "views": 4}, 1.0), ({"seed": 1, "views": 16}, 0.0)]


def test_by_pools_over_the_other_labels():
    rows = cell("text", "text", [1.0], condition={"views": 4, "seed": 0})
    rows += cell("text", "text", [0.0], condition={"views": 4, "seed": 1})
    assert values(scored(rows, by=["views"])) == [({"views": 4}, 0.5)]
    assert values(scored(rows, by=[])) == [({}, 0.5)]


def test_by_an_unknown_label():
    with pytest.raises(WrongUsage, match=r"no probe row has the label 'vews'.*views"):
        scored(cell("text", "text", [1.0], condition={"views": 4}), by=["vews"])


def test_labels_that_look_alike_are_kept_apart():
    rows = cell("text", "text", [1.0], condition={"a": 1})
    rows += cell("text", "text", [0.0], condition={"a": True})
    rows += cell("text", "text", [0.5], condition={"a": "1"})
    rows += [probe(persona="q0", condition={"a": 1.0})]
    assert len(values(scored(rows))) == 3


def test_labels_beyond_64_bits_are_numbers_like_others():
    labels = [2**64, 2**64 + 1, -(2**70), 10**400, 10**400 + 1]
    rows = [
        row
        for views in labels
        for row in cell("text", "image", [0.5, 1], condition={"views": views})
    ]
    scores = score_rows(rows, resamples=100, metrics=["all"]).rows
    found = [one.condition["views"] for one in scores if one.metric == "recall"]
    assert found == sorted(labels)


def test_task_split_and_set_part_groups():
    rows = [probe(task="fact"), probe(split="train"), probe(set="forget"), probe()]
    assert len(values(scored(rows))) == 4


def test_different_bases_are_never_pooled_unasked():
    rows = [probe(base="small", correct=True), probe(base="large", checkpoint="other")]
    assert values(scored(rows)) == [({"base": "large"}, 0.0), ({"base": "small"}, 1.0)]
    assert values(scored(rows, by=[])) == [({}, 0.5)]


def test_checkpoints_are_averaged_per_person():
    rows = cell("text", "text", [1.0, 0.5], checkpoint="seed0", condition={"seed": 0})
    rows += cell("text", "text", [0.5], checkpoint="seed1", condition={"seed": 1})
    row = pick(scored(rows, by=["base"]).rows, "recall", "text", "text")
    assert (row.value, row.personas, row.n) == ((0.75 + 0.5) / 2, 2, 12)
    assert "2 checkpoints" in row.method


def test_roles():
    rows = [probe(correct=True), probe(role="aux", persona="q", task="attribute")]
    result = scored(rows)
    assert pick(result.rows, "recall", "text", "text").value == 1
    assert result.notes[0] == "1 probe rows of another role than eval were left out"
    rows = [probe(correct=True), probe(role="aux", persona="q")]
    both = scored(rows, roles=("eval", "aux"))
    assert values(both) == [({"role": "aux"}, 0.0), ({"role": "eval"}, 1.0)]


def test_unanswered_rows_are_named():
    result = scored([probe(correct=None)])
    assert (result.rows, result.notes) == ([], ["1 probe rows have neither answer nor rank"])


def test_the_base_joins_groups_whose_labels_it_lacks():
    trained = [
        row
        for views in (4, 16)
        for row in cell("text", "text", [1.0] * 9, condition={"views": views})
    ]
    result = scored(trained + cell(None, "text", [0.25] * 9))
    assert values(result, "chance") == [({"views": 4}, 0.25), ({"views": 16}, 0.25)]
    assert [row.condition for row in result.rows if row.source is None and row.metric == "recall"]
    assert all(row.condition for row in result.rows)


def test_the_base_nearest_in_labels_is_chance():
    trained = cell("text", "text", [1.0] * 9, condition={"views": 4, "control": "blank"})
    trained += cell("text", "text", [1.0] * 9, condition={"views": 4})
    bases = cell(None, "text", [0.5] * 9, condition={"control": "blank"})
    bases += cell(None, "text", [0.25] * 9)
    found = {len(labels): value for labels, value in values(scored(trained + bases), "chance")}
    assert found == {1: 0.25, 2: 0.5}


def test_a_base_that_contradicts_stays_alone():
    trained = cell("text", "text", [1.0] * 9, condition={"prompt": "a"})
    result = scored(trained + cell(None, "text", [0.5] * 9, condition={"prompt": "b"}))
    assert values(result, "chance") == [({"prompt": "a"}, 0.0)]
    assert ({"prompt": "b"}, 0.5) in values(result)


def test_the_base_of_all_persons_is_chance_for_a_forget_set():
    trained = [
        row
        for row in cell("text", "text", [1.0] * 6, set="forget")
        if row.persona in ("p0", "p1", "p2")
    ]
    base = cell(None, "text", [0.5, 0.5, 0.5, 0.0, 0.0, 0.0])
    result = scored(trained + base)
    assert pick(result.rows, "chance", "text", "text").value == 0.5
    assert pick(result.rows, "recall", None, "text").personas == 3


def test_a_base_on_other_persons_is_a_fixed_chance():
    base = [probe(source=None, persona=f"q{number}", correct=number < 2) for number in range(8)]
    row = pick(scored(cell("text", "text", [1.0] * 9) + base).rows, "memory", "text", "text")
    assert "on other persons" in row.method


def test_sources_kept_apart_by_a_label_are_named():
    rows = cell("text", "text", [1.0], condition={"steps": 10, "seed": 0})
    rows += cell("image", "image", [1.0], condition={"steps": 20, "seed": 0})
    note = scored(rows).notes[-1]
    assert "they differ in steps" in note
    assert not [note for note in scored(rows, by=["seed"]).notes if "differ" in note]


def test_chosen_metrics():
    rows = scored(study(), metrics=["recall", "transfer_gap"]).rows
    assert {row.metric for row in rows} == {"recall", "transfer_gap"}
    with pytest.raises(WrongUsage, match="did you mean recall"):
        scored(study(), metrics=["recal"])


@pytest.mark.parametrize("options", [{"level": 1.0}, {"level": 0.0}])
def test_level_out_of_range(options):
    with pytest.raises(WrongUsage, match="confidence level"):
        scored([], **options)


def test_too_few_resamples():
    with pytest.raises(WrongUsage, match="99 resamples"):
        score_rows([], resamples=99)


def test_a_wider_level_gives_a_wider_interval():
    rows = list(study())
    narrow, wide = scored(rows, level=0.8).rows, scored(rows, level=0.99).rows
    for one, two in zip(narrow, wide, strict=True):
        if one.value is not None and two.value is not None and one.low is not None:
            assert two.low <= one.low + 1e-9
            assert two.high >= one.high - 1e-9


def test_groups_stand_in_the_order_of_numbers():
    rows = [
        row for views in (16, 4, 100) for row in study(condition={"views": views}, recalls=USUAL)
    ]
    seen = list(dict.fromkeys(row.condition["views"] for row in scored(rows).rows))
    assert seen == [4, 16, 100]


def of_seeds(*recalls, shift=True):
    """A study for each seed, each with people of its own."""
    for seed, recall in enumerate(recalls):
        cells = USUAL | {("image", "image"): 0.8, ("image", "text"): recall}
        for row in study(12, seed=seed, recalls=cells, condition={"views": 4, "seed": seed}):
            own = f"s{seed}-{row.persona}" if shift else row.persona
            labels = dict(row.condition) if row.source else {}
            path = row.checkpoint and f"{row.checkpoint}-{seed}"
            yield msgspec.structs.replace(row, persona=own, condition=labels, checkpoint=path)


def test_pooled_seeds_widen_an_interval():
    rows = list(of_seeds(0.2, 0.5, 0.8))
    found = score_rows(rows, by=["views"], resamples=999).rows
    gap = pick(found, "transfer_gap", "image", "text")
    assert "times as wide for 3 seeds, holds for seeds that differ by up to" in gap.method
    plain = [
        msgspec.structs.replace(
            row, condition={k: v for k, v in row.condition.items() if k == "views"}
        )
        for row in rows
    ]
    alone = pick(
        score_rows(plain, by=["views"], resamples=999).rows, "transfer_gap", "image", "text"
    )
    assert "seeds" not in alone.method
    assert alone.value == gap.value
    assert gap.high - gap.low > 1.2 * (alone.high - alone.low)
    assert score_rows(reversed(rows), by=["views"], resamples=999).rows == found
    apart = score_rows(rows, resamples=999).rows
    assert not any("times as wide" in row.method for row in apart)


def test_the_same_people_under_several_seeds_are_averaged():
    found = score_rows(of_seeds(0.2, 0.5, shift=False), by=["views"], resamples=200).rows
    assert not any("times as wide" in row.method for row in found)
    assert any("2 checkpoints, averaged per person" in row.method for row in found)


def test_two_runs_of_the_same_seeds_are_compared_over_seeds():
    one, two = list(of_seeds(0.2, 0.5, 0.8)), list(of_seeds(0.4, 0.7, 1.0))
    result = score_against(two, one, by=["views"], metrics=["recall"], resamples=400)
    row = pick(result.rows, "recall_difference", "image", "text")
    assert "times as wide for 3 seeds" in row.method
    assert row.low > 0
