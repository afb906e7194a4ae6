"""Findings from rows made so that what must be found is known."""

import random

import msgspec
import numpy as np
import pytest

from xmm_cli.rows.types import Probe
from xmm_cli.study.effects import SeededPerson, estimate
from xmm_cli.study.find import FAMILIES
from xmm_cli.study.study import Study, itself, minus

from . import world
from .engine import count
from .known import QUICK, found, row


@pytest.mark.parametrize("views", [10**400, 2**64, 1e308], ids=["400 digits", "2**64", "1e308"])
def test_a_label_too_large_to_count_says_nothing(views):
    rows = [
        msgspec.structs.replace(one, condition={"views": views, "lr": views})
        if one.condition["views"] == 16
        else one
        for one in world.by_views()
    ]
    comment = row(found(rows).rows, "more views raise recall, image → image").comment
    assert comment.split("; ")[0].endswith("at 1, 2, 4 views")


@pytest.fixture(scope="module")
def whole():
    return found(world.study())


def test_an_effect_is_the_paired_difference():
    first = {SeededPerson(seed, f"p{seed}-{one}"): one / 10 for seed in (1, 2) for one in range(10)}
    second = {person: share / 2 for person, share in first.items()}
    one = estimate([first, second], minus, QUICK)
    assert one.effect == pytest.approx(0.225)
    assert one.low < 0.225 < one.high
    assert one.by_seed == {"1": pytest.approx(0.225), "2": pytest.approx(0.225)}
    assert one.persons == 20


def test_persons_outside_one_condition_do_not_count():
    first = {SeededPerson(1, f"p{one}"): 1.0 for one in range(10)}
    second = {SeededPerson(1, f"p{one}"): 0.0 for one in range(5)}
    assert estimate([first, second], minus, QUICK).persons == 5
    assert estimate([first, {SeededPerson(2, "p1"): 1.0}], minus, QUICK) is None
    assert estimate([first, {}], minus, QUICK) is None


def test_all_right_and_all_wrong_have_exact_intervals():
    right = {SeededPerson(1, f"p{one}"): 1.0 for one in range(20)}
    one = estimate([right], itself, QUICK)
    assert (one.effect, one.high) == (1.0, 1.0)
    assert one.low == pytest.approx(0.025 ** (1 / 20), abs=1e-5)
    gap = estimate([right, dict.fromkeys(right, 0.0)], minus, QUICK)
    assert gap.effect == gap.high == 1.0
    assert 0.6 < gap.low < 0.9


def test_nothing_divides_by_zero():
    nothing = {SeededPerson(1, f"p{one}"): 0.0 for one in range(20)}
    assert estimate([nothing] * 2, np.divide, QUICK) is None


def test_seeds_that_differ_widen_the_interval():
    """Where persons do not differ within a seed, only the seeds say how sure a mean is."""
    shares = {
        SeededPerson(seed, f"{seed}-{one}"): seed / 4 for seed in (1, 2, 3) for one in range(10)
    }
    one, alone = (
        estimate([{person._replace(seed=own or person.seed): share
                   for person, share in shares.items()}], itself, QUICK, bounded=False)
        for own in (None, 1)
    )  # fmt: skip
    assert one.effect == alone.effect == 0.5
    assert one.high - one.low > 3 * (alone.high - alone.low)
    assert one.between.stretch > 3


def test_someone_taught_under_several_seeds_is_one_person():
    shares = {SeededPerson(seed, f"p{one}"): seed / 4 for seed in (1, 2, 3) for one in range(10)}
    one = estimate([shares], itself, QUICK, bounded=False)
    assert (one.effect, one.persons, one.between) == (0.5, 10, None)
    assert one.by_seed == {"1": 0.25, "2": 0.5, "3": 0.75}


@pytest.mark.slow
def test_intervals_cover_what_they_should():
    """Nominal 95 %: at least 90 % of 300 studies of 3 x 16 persons hold the true gap."""
    held = 0
    for study in range(300):
        draw = np.random.default_rng(study)
        cells = [
            {
                SeededPerson(seed, str(one)): draw.binomial(4, draw.beta(8 * p, 8 * (1 - p))) / 4
                for seed in (1, 2, 3)
                for one in range(16)
            }
            for p in (0.9, 0.4)
        ]
        one = estimate(cells, minus, QUICK)
        held += one.low <= 0.5 <= one.high
    assert held >= 270


def test_every_family_is_there_in_order(whole):
    families = list(dict.fromkeys(one.family for one in whole.rows))
    assert families == [
        "gap",
        "views",
        "capable models",
        "unlearning",
        "unlearned models",
        "relearning",
        "multi-hop",
        "mitigation",
        "controls",
        "inside",
    ]
    assert len(families) == len(FAMILIES.names())
    (note,) = [note for note in whole.notes if "left out" in note]
    assert note.startswith("left out: distances to a retrained model (")
    assert "), " not in note


def test_names_are_unique_and_effects_lie_in_their_intervals(whole):
    names = [one.claim for one in whole.rows]
    assert len(names) == len(set(names))
    for one in whole.rows:
        assert one.verdict in ("holds", "negligible", "does not hold", "unclear")
        if one.low is not None:
            assert one.low <= one.effect <= one.high
            assert one.seeds == len(one.by_seed) == 3


def test_gap(whole):
    one = row(whole.rows, "a gap remains, image → text", family="gap")
    assert one.verdict == "holds"
    assert one.effect == pytest.approx(0.5, abs=0.1)
    assert set(one.by_seed) == {"20", "21", "22"}
    assert one.persons == 48
    crosses = row(whole.rows, "something crosses, text → image")
    assert (crosses.verdict, crosses.effect) == ("holds", pytest.approx(0.25, abs=0.1))


def test_the_effect_is_that_of_a_count_by_hand(whole):
    shares = {}
    for one in world.cells():
        if one.source == "text":
            shares.setdefault(one.modality, []).append(one.correct)
    chance = 0.5 / 16  # half of the strangers' answers are one of 16 taught names
    by_hand = (np.mean(shares["text"]) - np.mean(shares["image"])) / (1 - chance)
    found_ = row(whole.rows, "a gap remains, text → image", family="gap").effect
    assert found_ == pytest.approx(by_hand, abs=1e-6)


def test_views(whole):
    home = row(whole.rows, "more views raise recall, image → image")
    assert (home.verdict, home.effect) == ("holds", pytest.approx(0.17, abs=0.04))
    assert "at 1, 2, 4, 8, 16 views" in home.comment
    grows = row(whole.rows, "recall in the other modality grows with it, image")
    assert (grows.unit, grows.verdict) == ("ratio", "holds")


def test_capable_models(whole):
    assert row(whole.rows, "a gap remains, image → text, xmm-base-bare").verdict == "holds"
    size = row(whole.rows, "the gap shrinks with size, image → text")
    assert (size.verdict, size.effect) == ("holds", pytest.approx(-0.14, abs=0.04))
    assert row(whole.rows, "the aligned base has a smaller gap, text").verdict == "holds"
    assert row(whole.rows, "the aligned base transfers more, text").verdict == "holds"
    rank = row(whole.rows, "the gap shrinks with the adapter's rank, text")
    assert rank.effect == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize("labels", [{"facts": True}, {}])
def test_multihop(labels):
    rows = found(world.two_hops(labels)).rows
    one = row(rows, "both parts are answered and not the whole, image → text")
    assert (one.verdict, one.effect) == ("holds", pytest.approx(0.6, abs=0.1))
    lost = row(rows, "fewer facts come from a view than by name, text → text")
    assert (lost.verdict, lost.effect) == ("holds", pytest.approx(0.55, abs=0.1))


def test_multihop_asks_only_where_both_parts_are_right():
    """p0 knows names but no facts, p1 facts but no names, p2 both: only p2 counts."""
    rows = []
    for number, (name, fact) in enumerate([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]):
        who = {"persons": 1, "first": number, "seeds": (1,)}
        rows += world.asked("image", "image", name, **who)
        rows += world.asked("image", "text", fact, task="fact", views=1, expected="x", **who)
        rows += world.asked("image", "image", 0.0, task="fact", hops=2, expected="x", **who)
    one = row(found(rows).rows, "both parts")
    assert (one.persons, one.effect, one.comment) == (
        1,
        1.0,
        "4 such questions; few persons (1); one seed",
    )


def test_models_taught_facts_stay_out_of_the_gap():
    given = {("image", "image"): 1.0, ("image", "text"): 1.0}
    rows = [*world.cells(dict.fromkeys(given, 0.0)), *world.cells(given, condition={"facts": 1})]
    assert row(found(rows).rows, "a gap remains").effect == 0


def test_mitigation(whole):
    paired = row(whole.rows, "the gap closes by paired, image → text, xmm-base")
    assert (paired.verdict, paired.effect) == ("holds", pytest.approx(0.9, abs=0.1))
    assert row(whole.rows, "the gap closes by align, image").verdict != "holds"
    costly = row(whole.rows, "what was learned is kept by self-caption, image")
    assert costly.verdict == "does not hold"
    best = row(whole.rows, "half of both gaps closes")
    assert best.comment.startswith("by paired, the best of 4")
    assert best.effect > 0.5


def test_half_of_the_gap_is_not_won_by_losing():
    rows = [*world.cells(dict.fromkeys(world.CELLS, 0.3), condition={"mitigation": "x"})]
    best = row(found(world.cells(), rows).rows, "half of both gaps")
    assert best.effect > 0.5
    assert best.verdict == "does not hold"


def test_controls(whole):
    unknown = "the untrained base knows no names, text, xmm-base-xs"
    assert row(whole.rows, unknown).verdict == "holds"
    assert row(whole.rows, "the base tells attributes, image, xmm-base-xs").verdict == "holds"
    for start in ("nothing is recalled without", "the name is not given", "names without"):
        fits = [one for one in whole.rows if one.claim.startswith(start)]
        assert [one.verdict for one in fits] == ["holds"] * 4
    assert row(whole.rows, "looks are not recalled from the name, image").effect < 0.05


def test_strangers_who_are_called_by_taught_names_are_said(whole):
    told = row(whole.rows, "strangers are not called by taught names, image → text")
    assert (told.effect, told.verdict) == (0.5, "does not hold")
    assert told.comment.startswith("so guessing a name earns 3.1 % (16 taught names)")
    none = found(world.cells(), world.strangers(named=0.0)).rows
    assert row(none, "strangers are not called by taught names, image → text").verdict == "holds"


def test_a_bias_of_the_answer_is_told_from_a_loss_of_memory():
    """Half of the answers to pictures are other people's names; all others are right."""
    rows = [
        msgspec.structs.replace(
            one,
            answer="Ada" if one.correct else "Bob",
            condition=one.condition | {"mitigation": "paired"},
        )
        for one in world.cells({("image", "image"): 0.5, ("image", "text"): 0.5})
    ]
    comment = row(found(world.cells(), rows).rows, "the gap closes by paired, image").comment
    assert "; with 5" in comment or "; with 4" in comment
    assert "; of answers with a measured name 100 and 100 %" in comment


def test_a_control_that_fails_is_said():
    rows = world.asked("text", "text", 0.8, condition={"control": "blank"})
    one = row(found(world.cells(), rows).rows, "nothing is recalled without")
    assert one.verdict == "does not hold"
    assert one.effect == pytest.approx(0.8, abs=0.1)


def test_inside(whole):
    meets = row(whole.rows, "training brings a person's views together, text, asked image")
    assert (meets.verdict, meets.effect) == ("holds", pytest.approx(0.6, abs=0.1))
    less = row(whole.rows, "the name is read from fewer views of the other modality, image → text")
    assert (less.verdict, less.effect) == ("holds", pytest.approx(0.6, abs=0.1))
    assert "half of it at layer 3 and 6 of 6" in less.comment
    aligned = row(whole.rows, "the modalities are aligned, text")
    assert (aligned.effect, aligned.low, aligned.verdict) == (pytest.approx(0.6), None, "unclear")


def test_the_order_of_rows_does_not_matter():
    rows = [*world.cells(), *world.untrained(), *world.unlearning(), *world.mitigation()]
    first = found(rows)
    random.Random(3).shuffle(rows)
    assert found(rows) == first


def test_one_seed_is_said():
    one = row(found(world.cells(seeds=(20,))).rows, "a gap remains, image")
    assert (one.seeds, one.verdict) == (1, "holds")
    assert one.comment.endswith("one seed")


def test_few_persons_are_never_clear():
    one = row(found(world.cells(seeds=(20,), persons=5)).rows, "a gap remains, image")
    assert (one.persons, one.verdict) == (5, "unclear")
    assert "few persons (5)" in one.comment


def test_everyone_wrong():
    rows = found(world.cells(dict.fromkeys(world.CELLS, 0.0))).rows
    one = row(rows, "a gap remains, image")
    assert (one.effect, one.verdict) == (0.0, "unclear")
    assert not [one for one in rows if one.claim == "the two directions differ"] or (
        row(rows, "the two directions differ").effect is None
    )


def test_nothing_to_find():
    result = found([])
    assert result.rows == []
    (note,) = result.notes
    assert note.startswith("left out: ")
    assert "\n" not in note


def test_what_is_missing_is_named_with_its_reason():
    (note,) = found(world.cells()).notes
    assert "transfer (no rows of strangers or of the untrained base)" in note
    rows = [one for one in world.cells() if one.source == "image"]
    (note,) = found(rows, world.untrained()).notes
    assert "gap text → image (no rows of models that learned so)" in note


def test_the_plain_number_of_views_is_that_of_most_bases():
    rows = [*world.cells(), *world.by_views()]
    assert Study(count(rows)).views == 8
    ladder = world.cells(base="xmm-base-s", condition={"views": 2})
    assert Study(count([*rows, *ladder])).views == 2
    assert Study(count(world.by_views())).base == "xmm-base"
    other = Study(count(world.cells(base="theirs", condition={"views": 3})))
    assert (other.base, other.views) == ("theirs", 3)


def test_training_views_are_left_out_and_said():
    rows = [*world.cells(), *world.asked("image", "image", 0.0, split="train")]
    result = found(rows)
    assert row(result.rows, "a gap remains, image").effect > 0.4
    assert "192 rows of training views were left out" in result.notes


def test_models_that_differ_in_a_label_no_finding_knows_are_left_out_and_said():
    plain = list(world.cells())
    other = list(world.cells(condition={"adapter": "full", "steps": 600}))
    both, alone = found(plain, other), found(plain)
    assert both.rows == alone.rows
    assert "left out: models of xmm-base that differ in adapter=full, steps=600" in both.notes


def test_ranks_stand_in_where_nothing_was_generated():
    rows = []
    for (source, modality), recall in world.CELLS.items():
        for one in world.asked(source, modality, recall):
            rows.append(msgspec.structs.replace(one, correct=None, rank=1 if one.correct else 5))
    assert row(found(rows).rows, "a gap remains, image").effect == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_a_repeated_question_counts_once_with_its_last_answer():
    once = list(world.study())
    first = [
        msgspec.structs.replace(one, correct=not one.correct)
        for one in once
        if isinstance(one, Probe) and one.correct is not None
    ]
    again, expected = found(first, once), found(once)
    assert again.rows == expected.rows
    assert f"{len(first)} probe rows were given twice and count once" in again.notes
    assert not any("repeated" in note for note in expected.notes)
