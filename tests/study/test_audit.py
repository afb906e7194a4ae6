"""Audits of models of which it is known what an audit must say."""

import msgspec
import numpy as np
import pytest

from xmm_cli.errors import BadData
from xmm_cli.reporting.audit_table import by_model, facts
from xmm_cli.study.audit import AuditRule, audit_all
from xmm_cli.study.audit.audited_models import models_of
from xmm_cli.study.audit.differences import Arms, difference
from xmm_cli.study.audit.power import (
    least_persons,
    persons_for_margin,
    persons_needed,
    power_beyond,
    power_within,
    smallest_leak,
)
from xmm_cli.study.effects import SeededPerson
from xmm_cli.study.study import averaged

from .audited import RETRAINED, TRAINED, UNLEARNED, World

QUICK = AuditRule(resamples=499)
ENOUGH = World(forget=72)


def audited(world, rule=QUICK):
    """The whole, then pictures and words."""
    return audit_all(world.counts(), rule)


def verdicts(world, rule=QUICK):
    return [row.verdict for row in audited(world, rule)]


def test_a_retain_set_that_was_not_asked_is_not_kept():
    counts = ENOUGH.counts()
    for asked in [one for one in counts.asked if one.set == "retain"]:
        del counts.asked[asked]
    whole, image, _ = audit_all(counts, QUICK)
    assert whole.verdict == image.verdict == "undecided"
    assert image.comment == "nothing was asked about the retain set"


def test_never_learned():
    whole, image, text = audited(ENOUGH.but(before={"image": 0.02, "text": 0.0}))
    assert {whole.verdict, image.verdict, text.verdict} == {"never learned"}
    assert "recall before unlearning" in image.comment


def test_what_was_learned_in_one_modality_alone_is_judged_there():
    assert verdicts(ENOUGH.but(before={"text": 0.01})) == ["erased", "erased", "never learned"]


def test_erased():
    whole, image, _ = audited(ENOUGH)
    assert verdicts(ENOUGH) == ["erased"] * 3
    assert (whole.margin, whole.level, whole.persons, whole.retrained) == (0.1, 0.05, 72, 2)
    assert [one.attack for one in image.attacks] == ["plain", "paraphrase", "prefix"]
    assert all(one.within and one.applicable for one in image.attacks)
    assert image.before == pytest.approx(0.98, abs=0.03)
    assert (image.after, image.needed) == (0.0, None)


def test_erased_is_beside_what_a_retrained_model_guesses():
    guess = {"multiple-choice": 0.25}
    world = ENOUGH.but(attacks=("multiple-choice",), unlearned=guess)
    assert verdicts(world) == ["suppressed"] * 3
    assert "erased" in verdicts(world.but(forget=200, retrained=0.25, unlearned={
        "plain": 0.25, **guess}))  # fmt: skip


def test_suppressed_names_the_attack():
    whole, image, text = audited(World(unlearned={("text", "prefix"): 0.5}))
    assert [whole.verdict, image.verdict, text.verdict] == [
        "suppressed", "undecided", "suppressed",
    ]  # fmt: skip
    assert whole.attack == text.attack == "prefix"
    assert text.attacks[2].p < 0.05
    assert "prefix" in whole.comment


def test_leaking_is_in_the_modality_that_was_not_worked_on():
    assert verdicts(World(unlearned={"text": 0.8})) == ["leaking", "undecided", "leaking"]
    through = UNLEARNED | {"through": "both"}
    both = World(unlearned={"text": 0.8}, unlearned_labels=through)
    assert verdicts(both) == ["not erased", "undecided", "not erased"]


def test_not_erased():
    assert verdicts(World(unlearned={"image": 0.98, "text": 0.98})) == [
        "not erased", "not erased", "leaking",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (ENOUGH.but(kept=0.6), "retain set fell"),
        (ENOUGH.but(behind=(0.9, 0.5)), "ranked behind"),
        (ENOUGH.but(retrained=0.3, attacks=("multiple-choice",)), "plain"),
    ],
)
def test_over_forgotten(world, said):
    whole, image, _ = audited(world)
    assert whole.verdict == image.verdict == "over-forgotten"
    assert said in image.comment


def test_a_retrained_models_own_ranks_are_not_over_forgotten():
    assert verdicts(ENOUGH.but(behind=(0.5, 0.5)))[0] == "erased"


def test_few_people_decide_nothing_and_are_told_how_many_would():
    whole, image, _ = audited(World(forget=8))
    assert whole.verdict == image.verdict == "undecided"
    assert 29 <= whole.needed <= 100
    assert f"{image.needed} people would decide" in image.comment
    assert verdicts(World(forget=whole.needed))[0] == "erased"


def test_without_an_attack_nothing_is_erased():
    whole, image, _ = audited(ENOUGH.but(attacks=()))
    assert whole.verdict == "undecided"
    assert "no applicable attack" in image.comment


def test_an_attack_that_does_not_work_before_is_not_applicable():
    world = World(before={"prefix": 0.2}, unlearned={"prefix": 0.19})
    _, image, _ = audited(world)
    attack = next(one for one in image.attacks if one.attack == "prefix")
    assert not attack.applicable
    assert attack.before == pytest.approx(0.2, abs=0.1)
    assert "it does not work" in attack.reason
    assert image.verdict == "undecided"


def test_strangers_stand_in_where_nothing_was_retrained():
    whole, *_ = audited(ENOUGH.but(models=0, strangers=60))
    assert (whole.verdict, whole.reference) == ("erased", "strangers")
    few, *_ = audited(ENOUGH.but(models=0, strangers=10))
    assert few.verdict == "undecided"
    with pytest.raises(BadData, match="no rows of a model to compare with"):
        audited(ENOUGH.but(models=0))


def test_two_retrained_models_tell_the_noise():
    _, image, _ = audited(ENOUGH.but(retrained=0.2, unlearned={"image": 0.2, "text": 0.2}))
    assert image.attacks[0].noise is not None
    assert image.attacks[0].noise < 0.1
    _, alone, _ = audited(ENOUGH.but(models=1))
    assert alone.attacks[0].noise is None


def test_a_wider_margin_forgives_more():
    world = World(forget=72, unlearned={"text": 0.3})
    assert verdicts(world)[0] == "leaking"
    assert verdicts(world, AuditRule(margin=0.5, resamples=499))[0] == "erased"


def test_one_modality_alone_is_never_erased_as_a_whole():
    counts = ENOUGH.counts()
    for asked in [one for one in counts.asked if one.modality == "text"]:
        del counts.asked[asked]
    whole, image = audit_all(counts, QUICK)
    assert (whole.verdict, image.verdict) == ("undecided", "erased")
    assert whole.comment == "nothing was asked in words"


def test_models_of_three_seeds_are_audited_together():
    counts = World(forget=24, seed=1).counts()
    for seed in (1, 2):
        add(counts, of_seed(World(forget=24, seed=seed).counts(), seed))
    whole, *_ = audit_all(counts, QUICK)
    assert (whole.persons, whole.verdict) == (72, "erased")
    assert len(whole.models) == 12


def changed(counts, path_of=str, person_of=lambda person: person, **labels_of):
    """The same with other paths, people and labels, these by a function of the labels."""
    found = type(counts)()
    for asked, cell in counts.asked.items():
        labels = msgspec.json.decode(asked.labels)
        labels |= {name: of(labels) for name, of in labels_of.items() if name in labels}
        other = asked._replace(labels=msgspec.json.encode(dict(sorted(labels.items()))))
        found.asked[other] = type(cell)(
            {(path_of(path), person_of(who)): own for (path, who), own in cell.persons.items()}
        )
    return found


def of_seed(counts, seed):
    """Other models of other people, under another seed of training."""
    return changed(
        counts,
        lambda path: f"{path}-{seed}",
        lambda person: person._replace(id=f"{seed}-{person.id}"),
        seed=lambda labels: labels["seed"] + 10 * seed,
        training_seed=lambda _: 10 * seed,
    )


def add(counts, others):
    for asked, cell in others.asked.items():
        counts.asked.setdefault(asked, type(cell)()).persons.update(cell.persons)
    return counts


def test_who_was_unlearned_twice_is_one_person_and_no_leak_is_lost():
    counts = World(unlearned={"text": 0.9}).counts()
    again = World(unlearned_labels=UNLEARNED | {"seed": 1, "training_seed": 0}).counts()
    again = changed(again, lambda path: {"runs/un": "runs/un-1"}.get(path, path))
    whole, _, text = audit_all(add(counts, again), QUICK)
    assert (whole.verdict, whole.persons, text.attacks[0].persons) == ("leaking", 24, 24)
    assert "runs/un-1" in whole.models
    assert text.after == pytest.approx(0.45, abs=0.06)
    assert text.after - text.attacks[0].reference == pytest.approx(text.attacks[0].difference)


def test_each_case_has_its_own_number_of_retrained_models():
    counts = add(World().counts(), of_seed(World(models=1, seed=1).counts(), 1))
    whole, image, _ = audit_all(counts, QUICK)
    assert (whole.persons, whole.reference) == (48, "retrained")
    assert {one.persons for one in image.attacks} == {48}
    none = of_seed(World(models=0, strangers=40, seed=1).counts(), 1)
    with pytest.raises(BadData, match=r"runs/un has a retrained model .*, and runs/un-1 has none"):
        audit_all(add(World().counts(), none), QUICK)


def test_an_attack_on_one_of_two_models_is_not_applicable():
    part = World(attacks=("paraphrase",), seed=1).counts()
    _, image, _ = audit_all(add(World().counts(), of_seed(part, 1)), QUICK)
    shown = {one.attack: one.reason for one in image.attacks}
    assert shown == {
        "plain": "", "paraphrase": "", "prefix": "not asked of the model before unlearning",
    }  # fmt: skip


def without(counts, *paths):
    for cell in counts.asked.values():
        for key in [key for key in cell.persons if key[0] in paths]:
            del cell.persons[key]
    return counts


def test_what_was_never_unlearned_is_refused():
    counts = without(World().counts(), "runs/un")
    with pytest.raises(BadData, match="only of a retrained one"):
        audit_all(counts, QUICK)
    with pytest.raises(BadData, match="runs/both: never unlearned"):
        audit_all(without(counts, "runs/retrained-0", "runs/retrained-1"), QUICK)


def test_the_model_before_is_needed():
    with pytest.raises(BadData, match="no rows of the model before unlearning"):
        audit_all(without(World().counts(), "runs/both"), QUICK)


def test_a_model_retrained_without_other_people_is_refused():
    counts = World().counts()
    for asked, cell in counts.asked.items():
        if asked.set == "forget" and b"retrain" in asked.labels:
            cell.persons = {
                (path, person._replace(id=f"x{person.id}")): found
                for (path, person), found in cell.persons.items()
            }
    with pytest.raises(BadData, match=r"retrained without other people than .* .0 of its 24"):
        audit_all(counts, QUICK)


def taught_again(world, learned=1.0):
    """Its models, and these after half of the forget set was taught again in words.

    `learned`: the share of views that the taught ones are named from then. The others of the
    unlearned model are all named, those of the retrained ones never.
    """
    counts = world.counts()
    again = {"relearned": "text", "relearn_steps": 20, "unlearned_steps": 100, "training_seed": 0}
    for asked, cell in list(counts.asked.items()):
        labels = msgspec.json.decode(asked.labels)
        if asked.set != "forget":
            continue
        own = labels | again | {"unlearn_seed": labels["seed"], "seed": 7}
        other = asked._replace(
            labels=msgspec.json.encode(dict(sorted(own.items()))), attack="relearn"
        )
        for (path, person), found in cell.persons.items():
            taught = int(person.id[1:]) % 2 == 0
            share = learned if taught else float(labels["objective"] != "retrain")
            right = round(found.questions * share)
            part = other._replace(set="relearned" if taught else "forget")
            persons = counts.asked.setdefault(part, type(cell)()).persons
            persons[f"{path}-again", person] = type(found)(found.questions, right)
    return counts


def test_teaching_again_is_an_attack_of_the_model_it_was_done_to():
    whole, image, _ = audit_all(taught_again(World(attacks=())), QUICK)
    assert [one.attack for one in image.attacks] == ["plain", "relearn-text"]
    assert (whole.verdict, image.attack) == ("suppressed", "relearn-text")
    assert image.attacks[1].persons == 12
    assert {"runs/un-again", "runs/retrained-0-again"} <= set(whole.models)


def test_a_model_retrained_otherwise_is_told_how(monkeypatch):
    from . import audited as models

    monkeypatch.setattr(models, "RETRAINED", RETRAINED | {"training_steps": 300})
    with pytest.raises(BadData, match=r"runs/retrained-0: not trained as .* steps is 300, not 600"):
        audit_all(World().counts(), QUICK)


def test_teaching_that_taught_nothing_is_no_attack():
    _, image, _ = audit_all(taught_again(World(attacks=()), learned=0.25), QUICK)
    assert image.attacks[1].reason == (
        "it does not work: 25 % of those who were taught again, 100 before"
    )
    assert not image.attacks[1].applicable


def after_a_request(world, rebound, first=24):
    """Its models, the first people having been unlearned before the others, as runs/first was."""
    counts = world.counts()
    later = {"earlier_objective": "npo", "earlier_through": "image", "earlier_steps": 100}
    for asked, cell in list(counts.asked.items()):
        if b'"npo"' not in asked.labels:
            continue
        del counts.asked[asked]
        labels = msgspec.json.decode(asked.labels) | later
        last = asked._replace(labels=msgspec.json.encode(dict(sorted(labels.items()))))
        for (path, person), found in cell.persons.items():
            early = asked.set == "forget" and int(person.id[1:]) < first
            back = type(found)(found.questions, round(found.questions * rebound))
            here = last._replace(set="earlier") if early else last
            counts.asked.setdefault(here, type(cell)()).persons[path, person] = (
                back if early else found
            )
            if early or asked.set == "retain":
                step = counts.asked.setdefault(asked, type(cell)())
                step.persons["runs/first", person] = found
    return counts


def test_requests_one_after_the_other_show_what_came_back():
    whole, image, _ = audit_all(after_a_request(World(forget=96), rebound=0.25), QUICK)
    assert (whole.verdict, whole.persons, whole.reference) == ("erased", 72, "retrained")
    assert (image.earlier_before, image.earlier_after) == (0.0, 0.25)
    assert {"runs/first", "runs/un"} <= set(whole.models)
    (model,) = by_model([whole, image])
    assert "Forgotten earlier: in pictures 0 → 25 %" in facts(model)


def test_one_fact_is_no_person():
    labels = UNLEARNED | {"fact": "city"}
    counts = World(unlearned_labels=labels).counts()
    for asked in [one for one in counts.asked if one.set == "forget" and b"fact" in one.labels]:
        person = asked._replace(set="same-person")
        counts.asked[person] = counts.asked.pop(asked)
    counts = without(counts, "runs/retrained-0", "runs/retrained-1")
    with pytest.raises(BadData, match="runs/un: one fact was unlearned"):
        audit_all(counts, QUICK)


def test_models_are_told_apart_by_their_rows():
    found = {one.path: one for one in models_of(World().counts())}
    assert found["runs/both"].objective is None
    assert found["runs/un"].objective == UNLEARNED["objective"]
    assert found["runs/retrained-0"].is_retrained
    assert found["runs/un"].training == {"steps": TRAINED["steps"]}
    assert found["runs/retrained-1"].forget_set == found["runs/un"].forget_set
    assert RETRAINED["objective"] == "retrain"


def test_needed_people_have_the_power_that_was_promised():
    spread = 0.2
    number = persons_needed(0.03, spread, 0.1, 0.05)
    assert power_within(number, 0.03, spread, 0.1, 0.05) >= 0.8
    assert power_within(number - 1, 0.03, spread, 0.1, 0.05) < 0.8
    assert least_persons(0.1, 0.05) == 29
    assert persons_for_margin(4, 0.1, 0.05, 26) >= persons_for_margin(4, 0.1, 0.05) >= 29
    assert persons_needed(0.1, spread, 0.1, 0.05) is None
    alone, among = (persons_needed(0.3, spread, 0.1, 0.05, tests) for tests in (1, 26))
    assert power_beyond(alone, 0.3, spread, 0.1, 0.05) >= 0.8
    assert (
        power_beyond(among, 0.3, spread, 0.1, 0.05 / 26)
        >= 0.8
        > power_beyond(among - 1, 0.3, spread, 0.1, 0.05 / 26)
    )


def test_more_people_show_smaller_leaks():
    leaks = [smallest_leak(number, 4, 0.1, 0.05, 26) for number in (8, 24, 72, 400)]
    assert leaks == sorted(leaks, reverse=True)
    assert leaks[-1] < 0.2
    assert smallest_leak(2, 1, 0.1, 0.05, 26) is None


@pytest.mark.slow
@pytest.mark.parametrize("recall", [0.0, 0.03])
def test_72_people_of_equal_models_are_erased_in_most_draws(recall):
    draws = [
        verdicts(ENOUGH.but(seed=seed, retrained=recall, unlearned={
            "image": recall, "text": recall}))[0]
        for seed in range(20)
    ]  # fmt: skip
    assert draws.count("erased") >= 16
    assert "leaking" not in draws


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unlearned", "retrained", "people"), [(0.1, 0.0, 72), (0.15, 0.05, 72), (0.3, 0.2, 32)]
)
def test_a_difference_of_the_margin_is_seldom_shown_to_be_on_either_side(
    unlearned, retrained, people
):
    """Nominal 5 %; 7.1 % in 1000 draws is three standard errors above."""
    draws, rule, rng = 1000, AuditRule(resamples=999), np.random.default_rng(0)
    persons = [SeededPerson(0, number) for number in range(people)]

    def shares(recall):
        return dict(zip(persons, (rng.binomial(4, recall, people) / 4).tolist(), strict=True))

    within = beyond = 0
    for _ in range(draws):
        models = [shares(retrained), shares(retrained)]
        arms = Arms({}, shares(unlearned), averaged(models), models, {})
        shown = difference(arms, rule)
        within += shown.within
        beyond += shown.estimate.low > rule.margin
    assert within / draws <= 0.071
    assert beyond / draws <= 0.071
