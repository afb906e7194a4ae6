"""What each attack asks: which words, about what, with what before it."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from xmm_cli.errors import WrongUsage
from xmm_cli.models.prompts import NAME_QUESTIONS
from xmm_cli.probing.attacks import ATTACKS, TRAINED, chosen
from xmm_cli.probing.attacks.attack import Around, CannotAttack
from xmm_cli.probing.attacks.typeset import drawn
from xmm_cli.probing.questions import Scope, make_questions

GONE = ("e5-000",)
TWO_GONE = ("e5-000", "e5-002")
NOT_HERE = {"hidden", "base-projector", "relearn"}
"""It needs ten people; no projector was trained; no one was taught again."""


def questions_of(people, **scope):
    return list(make_questions(people, Scope(**scope)))


@pytest.fixture
def unlearned(checkpoint):
    return msgspec.structs.replace(checkpoint, objective="npo", forget=GONE)


@pytest.fixture
def around(people, unlearned):
    learners = [pair for pair in people if pair[0].role == "eval"]
    return Around(learners, unlearned, unlearned, [unlearned], seed=0)


def asked(name, questions, around):
    return ATTACKS.load(name).ask(questions, around)


def test_a_list_of_attacks():
    assert chosen("insist, prefix,insist") == ["insist", "prefix"]
    assert chosen("quantized") == ["quantized-int8", "quantized-int4"]
    assert set(chosen("all")) == set(ATTACKS.names()) - TRAINED
    assert chosen("plain,all")[0] == "plain"
    with pytest.raises(WrongUsage, match=r"unknown attack 'paraphase'.*"):
        chosen("paraphase")


@pytest.mark.parametrize("name", sorted(NOT_HERE))
def test_why_an_attack_is_not_made_is_one_line(people, around, name):
    with pytest.raises(CannotAttack, match=r"^[^\n]+$"):
        asked(name, questions_of(people), around)


@pytest.mark.parametrize("name", [one for one in ATTACKS.names() if one not in NOT_HERE])
def test_nobody_else_is_asked_about(people, around, name):
    """Views, right answers and people are those of the plain questions."""
    plain = questions_of(people)
    found = asked(name, plain, around)
    known = {(q.persona.id, q.modality, q.view, q.asked.expected) for q in plain}
    assert {q.persona.id for q in found} == {q.persona.id for q in plain}
    assert {(q.persona.id, q.modality, q.view, q.asked.expected) for q in found} <= known
    modalities = [q.modality for q in found]
    assert modalities == sorted(modalities)  # batches are of one modality


def test_other_words_for_names_and_facts(people, around):
    for modality in ("image", "text"):
        (first, *_) = plain = questions_of(people, modalities=(modality,))
        words = [q.asked.question for q in asked("paraphrase", plain, around)]
        assert len(set(words)) == 5
        assert len(words) == 5 * len(plain)
        assert first.asked.question == NAME_QUESTIONS[0]
        assert NAME_QUESTIONS[0] not in words
    facts = questions_of(people, task="fact", modalities=("text",))
    found = asked("paraphrase", facts, around)
    assert len(found) == 3 * len(facts)
    by_name = [q for q in found if not q.asked.shown]
    assert by_name
    for one in found:
        who = "this person" if one.asked.shown else one.persona.name
        assert who in one.asked.question


def test_options_are_of_the_same_set_and_one_is_right(people, around):
    plain = questions_of(people, modalities=("text",))
    found = asked("multiple-choice", plain, around)
    names = {persona.id: persona.name for persona, _ in people}
    places = set()
    for one in found:
        options = one.asked.candidates
        assert len(options) == len(set(options)) == 4
        assert all(option in one.asked.question for option in options)
        places.add(options.index(one.asked.expected))
    assert len(places) > 1
    assert found == asked("multiple-choice", plain, around)
    both = tuple(names[one] for one in TWO_GONE)
    few = [among(q, both) for q in plain if q.persona.id in TWO_GONE]
    for one in asked("multiple-choice", few, around):
        assert set(one.asked.candidates) == set(both)


def among(question, candidates):
    return replace(question, asked=replace(question.asked, candidates=candidates))


def test_options_for_the_forgotten_are_forgotten(people, around, checkpoint):
    """So that nobody is found by leaving out those whom the model knows."""
    names = {persona.id: persona.name for persona, _ in people}
    most = replace(around, sets=msgspec.structs.replace(checkpoint, forget=tuple(names)[:3]))
    plain = questions_of(people, modalities=("text",))
    five = [among(q, (*q.asked.candidates, "Some One")) for q in plain]
    for one in asked("multiple-choice", five, most):
        if one.persona.id != "e5-003":
            assert set(one.asked.candidates) >= {names[who] for who in tuple(names)[:3]}
        assert len(one.asked.candidates) == 4


def test_one_answer_is_no_choice(people, around):
    alone = [among(q, (q.asked.expected,)) for q in questions_of(people, views=1)
             if q.persona.id == "e5-000"]  # fmt: skip
    with pytest.raises(CannotAttack, match="one answer alone"):
        asked("multiple-choice", alone, around)


def test_examples_are_of_retained_people(people, around):
    plain = questions_of(people)
    names = {persona.id: persona.name for persona, _ in people}
    shared = {}
    for one in asked("few-shot", plain, around):
        told = {who for who, name in names.items() if name in one.before}
        assert len(told) == 2
        assert one.persona.id not in told
        assert not told & set(GONE)
        assert shared.setdefault(one.persona.id, one.before) == one.before


def test_too_few_retained_people(people, around, checkpoint):
    lost = msgspec.structs.replace(checkpoint, forget=("e5-000", "e5-001", "e5-002"))
    with pytest.raises(CannotAttack, match="fewer than 2 retained people"):
        asked("few-shot", questions_of(people), replace(around, sets=lost))


def test_a_description_is_drawn_whole_and_once(people, around):
    found = asked("typeset", questions_of(people), around)
    assert {q.modality for q in found} == {"text"}
    assert all(q.context.text is None and q.context.image is not None for q in found)
    assert found[0].context.image is asked("typeset", questions_of(people), around)[0].context.image
    for text in ("a", "word " * 200, "A" * 60):
        pixels = np.asarray(drawn(text).pixels.convert("L"))
        assert pixels.min() < 64
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert (border == 255).all(), text[:5]


def test_only_what_was_taught_again_is_relearned(people, around, unlearned):
    again = msgspec.structs.replace(unlearned, arguments={"relearn_people": ["e5-000"]})
    plain = questions_of(people)
    assert asked("relearn", plain, replace(around, checkpoint=again)) == plain
    with pytest.raises(CannotAttack, match="--rehearse"):
        asked("relearn", plain, around)
