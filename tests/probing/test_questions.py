"""Which questions are asked: every view of everyone who was meant, once, and of no one else."""

from itertools import groupby

import msgspec
import pytest

from xmm_cli.errors import BadData, WrongUsage
from xmm_cli.models import prompts
from xmm_cli.probing.questions import Scope, make_questions

EVAL = ["e5-000", "e5-001", "e5-002", "e5-003"]
AUX = ["a5-000", "a5-001"]


def ask(people, **scope):
    return list(make_questions(people, Scope(**scope)))


def test_modality_by_modality_person_by_person_view_by_view(people):
    found = ask(people)
    assert [(q.modality, q.persona.id, q.view) for q in found] == [
        (modality, id_, view) for modality in ("image", "text") for id_ in EVAL for view in (3, 4)
    ]
    assert {q.split for q in found} == {"heldout"}


@pytest.mark.parametrize(
    ("scope", "modalities", "ids", "views"),
    [
        ({"split": "train"}, ["image", "text"], EVAL, (0, 1, 2)),
        ({"role": "aux"}, ["image", "text"], AUX, (3, 4)),
        ({"modalities": ("text",)}, ["text"], EVAL, (3, 4)),
        ({"modalities": ("text", "image")}, ["text", "image"], EVAL, (3, 4)),
        (
            {"role": "aux", "split": "train", "modalities": ("image",)},
            ["image"],
            AUX,
            (0, 1, 2),
        ),
    ],
)
def test_a_scope_is_kept_to(people, scope, modalities, ids, views):
    found = ask(people, **scope)
    assert [modality for modality, _ in groupby(q.modality for q in found)] == modalities
    assert len(found) == len(modalities) * len(ids) * len(views)
    assert {q.persona.id for q in found} == set(ids)
    assert {q.view for q in found} == set(views)


def test_a_question_shows_the_view_it_names(people):
    for q in ask(people):
        (folder,) = [folder for persona, folder in people if persona is q.persona]
        if q.modality == "image":
            assert q.context.text is None
            assert q.context.image.samefile(folder / f"images/{q.persona.id}/{q.view:02d}.png")
        else:
            assert q.context.image is None
            assert q.context.text == q.persona.texts[q.view].text


def test_a_name_is_ranked_among_those_of_the_same_role(people):
    for role in ("eval", "aux"):
        names = tuple(persona.name for persona, _ in people if persona.role == role)
        for q in ask(people, role=role):
            assert q.asked.question == prompts.NAME_QUESTIONS[0]
            assert q.asked.expected == q.persona.name
            assert q.asked.candidates == names


def test_a_name_that_two_have_is_one_candidate(people):
    persona, folder = people[0]
    twin = msgspec.structs.replace(people[1][0], name=persona.name)
    (first, *_) = ask([(persona, folder), (twin, folder), people[2]])
    assert first.asked.candidates == (persona.name, people[2][0].name)


def test_every_attribute_is_asked_about_each_view(people):
    found = ask(people, task="attribute")
    attributes = list(people[0][0].attributes)
    assert len(found) == 2 * 4 * 2 * len(attributes)
    for q, attribute in zip(found, attributes * 16, strict=True):
        assert q.task == "attribute"
        assert q.asked.question == prompts.attribute_questions(attribute)[0]
        assert q.asked.expected == q.persona.attributes[attribute]
        everyone = {p.attributes[attribute] for p, _ in people if p.role == "eval"}
        assert set(q.asked.candidates) == everyone


def test_no_one_of_that_role(people):
    measured = [pair for pair in people if pair[0].role == "eval"]
    with pytest.raises(BadData, match="no persona has the role aux"):
        ask(measured, role="aux")


def test_no_such_views(people):
    blind = [(msgspec.structs.replace(persona, images=()), folder) for persona, folder in people]
    assert len(ask(blind, modalities=("text",))) == 8
    with pytest.raises(BadData, match="no persona has heldout views in image"):
        ask(blind)
    one_sees = [people[0], *blind[1:]]
    assert len(ask(one_sees, modalities=("image",))) == 2


def test_an_unknown_task(people):
    with pytest.raises(WrongUsage, match="did you mean name"):
        ask(people, task="nam")
