"""Unlearning runs made so that what they leak, keep and bring back is known."""

import msgspec
import pytest

from xmm_cli.scoring.counting import count as counted
from xmm_cli.study.condition_counts import WANTED, ConditionCounts
from xmm_cli.study.curves import curves
from xmm_cli.study.find import find_all
from xmm_cli.study.moments import last_step, recovery
from xmm_cli.study.study import Study

from . import world
from .engine import count, opened
from .known import QUICK, found, row

AT_LAST, BACK = "at the last step", "with the retain set back"


@pytest.fixture(scope="module")
def rows():
    return found(world.unlearning(), world.relearning(), world.strangers()).rows


def parents(image=0.9, text=0.9):
    return [*world.asked("both", "image", image), *world.asked("both", "text", text)]


def run_of(path, **given):
    """The only run among these rows and those of its parent."""
    made = [*parents(0.95, 0.95), *world.forgetting("npo", "image", path, **given)]
    (curve,) = curves(Study(count(made), QUICK))
    return curve


def test_a_leak_is_read_at_the_last_step_and_where_the_retain_set_is_back(rows):
    last = row(rows, f"the text side leaks, npo through image, {AT_LAST}")
    back = row(rows, f"the text side leaks, npo through image, {BACK}")
    assert last.effect == pytest.approx(0.3, abs=0.1)
    assert back.effect == pytest.approx(0.5, abs=0.15)
    assert last.comment.startswith("at step 40; text 9")
    assert back.comment.startswith("at step 30; text 9")
    assert "at the last saved step" in last.measure
    assert "back to 95 % of what it was" in back.measure


def test_all_columns_are_of_the_same_checkpoints(rows):
    last = row(rows, f"the text side leaks, npo through image, {AT_LAST}").comment
    back = row(rows, f"the text side leaks, npo through image, {BACK}").comment
    for column in ("→ 0 %", "retain set 9"):
        assert column in last
        assert column in back
    assert "attributes" in last
    assert "attributes" not in back  # not asked at step 30


def test_a_retain_set_that_never_fell_is_read_at_the_last_step_alone(rows):
    fits = [one for one in rows if one.claim.startswith("the text side leaks, idk through image")]
    assert [one.claim.rsplit(", ")[-1] for one in fits] == [AT_LAST]


def test_a_retain_set_that_never_comes_back_is_said(rows):
    back = row(rows, f"the text side leaks, ga through image, {BACK}")
    assert (back.effect, back.verdict) == (None, "unclear")
    assert back.comment == "the retain set never came back"
    assert row(rows, f"the text side leaks, ga through image, {AT_LAST}").effect is not None


def test_what_was_not_forgotten_is_said_beside_the_leak(rows):
    leak = row(rows, f"the text side leaks, kl through image, {AT_LAST}")
    assert "not forgotten in image" in leak.comment
    assert row(rows, "image is forgotten, kl through image").verdict == "does not hold"
    assert (
        "not forgotten"
        not in row(rows, f"the text side leaks, idk through image, {AT_LAST}").comment
    )


def test_the_mean_leak_is_over_all_methods(rows):
    """Also over ga, which wrecks the retain set, and kl, which forgets nothing."""
    mean = row(rows, f"a leak remains in text, through image, mean of methods, {AT_LAST}")
    assert mean.comment.startswith("4 of 4 methods: ga, idk, kl, npo")
    alone = [
        row(rows, f"the text side leaks, {name} through image, {AT_LAST}").effect
        for name in ("ga", "idk", "kl", "npo")
    ]
    assert mean.effect == pytest.approx(sum(alone) / 4, abs=1e-6)
    back = row(rows, f"a leak remains in text, through image, mean of methods, {BACK}")
    assert back.comment.startswith("3 of 4 methods: idk, kl, npo")


def test_chance_is_from_strangers(rows):
    """Half of the strangers' answers are one of 16 names, so none left is below chance."""
    leak = row(rows, f"the text side leaks, idk through image, {AT_LAST}")
    assert "chance 3.1 %, from strangers" in leak.comment
    assert leak.effect == pytest.approx(-0.03125 / (1 - 0.03125))
    without = found(world.unlearning()).rows
    leak = row(without, f"the text side leaks, idk through image, {AT_LAST}")
    assert (leak.effect, leak.low) == (0, 0)
    assert "chance: the retrained model" in leak.comment


def test_what_is_kept(rows):
    assert row(rows, "the retain set is kept, ga through image").verdict == "does not hold"
    assert row(rows, "the retain set is kept, npo through image").effect > -0.05
    assert row(rows, "it still sees and reads, ga through image").verdict == "does not hold"
    assert row(rows, "it still sees and reads, npo through image").effect > -0.1


class TwoRetrained(ConditionCounts):
    """People of whom each retrained model is known by itself."""

    def logprobs_by_model(self, place):
        own = self.logprobs(place)
        return {"a": own, "b": {person: value - 1.0 for person, value in own.items()}}


def test_distance_to_a_retrained_model_is_beyond_what_two_differ_by():
    """idk ends where the retrained models are, npo in text does not; those two are 1 nat apart."""
    with opened([*parents(), *world.unlearning()]) as inputs:
        people = TwoRetrained(counted(inputs, WANTED))
    rows = find_all(people, QUICK).rows
    far = row(rows, "it differs from a retrained model in log-probability, npo through image")
    near = row(rows, "it differs from a retrained model in log-probability, idk through image")
    assert (far.unit, far.verdict) == ("nats", "unclear")
    assert near.effect == pytest.approx(-1.0, abs=0.1)
    assert "beside 1.00 nats" in far.comment
    assert far.effect > near.effect


def again(rows, seed, forgotten="ab12"):
    """The retrained models of these rows once more, under another seed, their people named."""
    labels = {"forgotten": forgotten, "training_seed": seed}
    return [
        msgspec.structs.replace(
            one,
            checkpoint=f"runs/again-{seed}",
            condition=one.condition | labels | {"seed": 100 + seed},
        )
        for one in rows
        if one.condition.get("objective") == "retrain" and one.condition["seed"] == seed
    ]


def distances(rows):
    return [one.persons for one in found(rows).rows if "differs from a retrained" in one.claim]


def test_a_second_retrained_model_is_of_the_same_people_however_they_were_named():
    made = [*parents(), *world.unlearning()]
    twice = [row for seed in world.SEEDS for row in again(made, seed)]
    persons = distances(made + twice)
    assert persons
    assert set(persons) == {len({(row.persona) for row in twice if row.set == "forget"})}
    others = [
        msgspec.structs.replace(row, persona=f"x{row.persona}") if row.set == "forget" else row
        for row in twice
    ]
    assert distances(made + others) == []


def test_distance_to_a_retrained_model_needs_two_of_them():
    result = found(world.unlearning())
    assert not [one for one in result.rows if "differs from a retrained" in one.claim]
    (note,) = [note for note in result.notes if note.startswith("left out")]
    assert "distances to a retrained model (" in note


def test_each_seed_has_its_own_steps():
    early = {10: (0.0, 0.8, 0.3), 20: (0.0, 0.6, 1), 30: (0, 0.2, 1)}
    late = {10: (0.0, 0.9, 0.3), 20: (0.0, 0.8, 0.3), 30: (0, 0.4, 1)}
    made = [*parents()]
    made += world.forgetting("npo", "image", early, seeds=(20,))
    made += world.forgetting("npo", "image", late, seeds=(21,))
    made += world.forgetting("npo", "image", {10: (0.9, 0.9, 0.3)}, seeds=(22,))
    rows = found(made).rows
    back = row(rows, f"the text side leaks, npo through image, {BACK}")
    assert back.by_seed == {"20": pytest.approx(0.6, abs=0.2), "21": pytest.approx(0.4, abs=0.2)}
    assert back.comment.startswith("at step 20 and 30; 1 of 3 seeds not back")
    assert "chance taken as 0" in back.comment
    last = row(rows, f"the text side leaks, npo through image, {AT_LAST}")
    assert last.comment.startswith("at step 10 and 30; ")
    assert last.seeds == 3


@pytest.mark.parametrize(
    ("retain", "step"),
    [([1, 1, 1], 30), ([0.2, 0.2, 0.2], None), ([1, 0.2, 1], 30), ([0.2, 1, 0.2], 20)],
    ids=["never fell", "never back", "back at the end", "back once"],
)
def test_the_step_at_which_the_retain_set_is_back(retain, step):
    path = {10 * (at + 1): (0.0, 0.0, kept) for at, kept in enumerate(retain)}
    curve = run_of(path, seeds=(20,))
    assert dict(recovery(curve).steps) == ({} if step is None else {20: step})
    assert dict(last_step(curve).steps) == {20: 30}


def test_what_was_not_learned_cannot_leak():
    made = [*parents(image=0.0), *world.forgetting("npo", "image", {10: (0.0, 0.9)})]
    one = row(found(made).rows, "the text side leaks")
    assert (one.effect, one.comment) == (None, "it was not learned before")


def test_through_both_is_looked_at_from_both_sides():
    made = parents()
    for step, image, text in ((10, 0.0, 0.5), (20, 0.0, 0.4)):
        labels = {"objective": "npo", "through": "both", "steps": step}
        for modality, recall in (("image", image), ("text", text)):
            made += world.asked("both", modality, recall, persons=8, set="forget", condition=labels)
    result = found(made)
    assert row(result.rows, "the text side leaks").effect == pytest.approx(0.4, abs=0.1)
    assert row(result.rows, "the image side leaks").effect == 0
    assert any("no rows of the retain set before and after" in note for note in result.notes)


def test_what_was_unlearned_through_no_modality_is_left_out_and_said():
    from xmm_cli.study.figures import series_of

    made = [*world.unlearning(seeds=(0,)), *world.forgetting("npo", "image", {10: (0.5, 0.9)})]
    strange = [
        msgspec.structs.replace(one, condition=one.condition | {"through": "audio"})
        for one in world.forgetting("npo", "image", {10: (0.5, 0.9)})
    ]
    with_it, without = found(made, strange), found(made)
    assert with_it.rows == without.rows
    assert any("through 'audio', which is no modality" in note for note in with_it.notes)
    for name in ("unlearning", "cells"):
        assert series_of(count([*made, *strange]), name, QUICK) is not None


def test_relearning(rows):
    back = row(rows, "the rest comes back, npo through image, taught image, asked image")
    assert (back.effect, back.p < 0.05) == (pytest.approx(0.6, abs=0.15), True)
    more = row(rows, "more comes back than in a retrained model, npo through image, "
                     "taught image, asked image")  # fmt: skip
    assert more.effect == pytest.approx(back.effect)
    assert more.comment.startswith("retrained 0 and 0 %")
    assert not [one for one in rows if one.claim.startswith("the rest comes back, retrain")]


def test_relearning_says_what_became_of_the_retain_set():
    labels = {"objective": "npo", "through": "image", "relearned": "image", "relearn_steps": 20}
    made = [*world.unlearning(), *world.relearning()]
    made += world.asked("both", "image", 0.3, persons=8, first=8, set="retain", condition=labels)
    rows = found(made).rows
    back = row(rows, "the rest comes back, npo through image, taught image, asked image")
    before, after = back.comment.split("retain set ")[1].split(" %")[0].split(" → ")
    assert int(before) > 90
    assert int(after) == pytest.approx(30, abs=12)
