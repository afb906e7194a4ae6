"""Controls: nothing, or someone else, stands in place of a view."""

from collections import defaultdict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from xmm_cli.errors import BadData, InputNotFound, WrongUsage
from xmm_cli.models.conversation import Context
from xmm_cli.probing.asked_views import controlled, views_of
from xmm_cli.probing.probe import ProbeSettings, Subject, probe
from xmm_cli.probing.questions import Scope, make_questions


def ask(people, **scope):
    return list(make_questions(people, Scope(**scope)))


def test_only_the_first_views_are_asked_about(people):
    assert [(q.persona.id, q.view) for q in ask(people, views=1, modalities=("text",))] == [
        (f"e5-00{number}", 3) for number in range(4)
    ]
    assert ask(people, views=9) == ask(people)


def test_a_blank_is_asked_once_a_person(people):
    found = ask(people, control="blank")
    assert [(q.modality, q.persona.id, q.view) for q in found] == [
        (modality, f"e5-00{number}", 0) for modality in ("image", "text") for number in range(4)
    ]
    assert {q.control for q in found} == {"blank"}
    assert {q.asked.expected for q in found} == {p.name for p, _ in people if p.role == "eval"}


def test_a_blank_has_the_size_of_a_view_and_one_colour(people):
    persona, folder = people[0]
    with Image.open(folder / persona.images[3].path) as view:
        size = view.size
    (picture,) = {q.context.image for q in ask(people, control="blank", modalities=("image",))}
    assert picture.pixels.size == size
    assert picture.pixels.getcolors() == [(size[0] * size[1], (128, 128, 128))]
    (empty,) = {q.context for q in ask(people, control="blank", modalities=("text",))}
    assert empty == Context()


def test_a_blank_hides_the_view(base, conversations, people, checkpoint):
    """Everyone gets the same answer, and each rank is someone's."""
    questions = ask(people, control="blank")
    settings = ProbeSettings(max_new_tokens=6)
    found = defaultdict(list)
    for row in probe(Subject(base, checkpoint), questions, conversations, settings, run="p"):
        assert row.condition["control"] == "blank"
        found[row.modality].append(row)
    for rows in found.values():
        assert len({row.answer for row in rows}) == 1
        assert sorted(row.rank for row in rows) == [1, 2, 3, 4]
    prompts = {tuple(conversations.encode(q.context, q.asked.question).ids) for q in questions}
    assert len(prompts) == 2


def test_a_blank_of_a_missing_picture(people):
    persona, folder = people[0]
    gone = msgspec.structs.replace(persona.images[3], path="gone.png")
    broken = msgspec.structs.replace(persona, images=(gone,))
    with pytest.raises(InputNotFound, match=r"gone\.png"):
        ask([(broken, folder)], control="blank")


@pytest.mark.parametrize("modality", ["image", "text"])
def test_swapped_people_show_someone_else(people, modality):
    owner = {
        context: persona.id
        for persona, folder in people
        for context, _ in views_of(persona, folder, modality, "heldout")
    }
    found = ask(people, control="swapped", modalities=(modality,))
    shown = defaultdict(set)
    for q in found:
        assert q.control == "swapped"
        assert q.asked.expected == q.persona.name
        shown[q.persona.id].add(owner[q.context])
    assert all(len(owners) == 1 and id_ not in owners for id_, owners in shown.items())
    assert len({q.context for q in found}) == len(found) == 8


@given(st.integers(2, 9), st.integers(0, 99))
def test_no_one_keeps_their_own(count, seed):
    views = [[(Context(text=str(number)), 0)] for number in range(count)]
    found = controlled(views, "swapped", seed)
    assert all(one != other for one, other in zip(views, found, strict=True))
    assert sorted(str(one) for one in found) == sorted(str(one) for one in views)
    assert controlled(views, "swapped", seed) == found


def test_people_without_views_are_not_swapped():
    views = [[(Context(text="a"), 0)], [], [(Context(text="b"), 3)]]
    assert controlled(views, "swapped", 0) == [views[2], [], views[0]]
    assert controlled(views, "blank", 0) == [[(Context(), 0)], [], [(Context(), 0)]]
    with pytest.raises(BadData, match="takes two"):
        controlled(views[:2], "swapped", 0)


def test_a_question_by_name_has_no_control(people):
    shown = ask(people, task="fact", control="blank")
    assert all(q.asked.shown for q in shown)
    with pytest.raises(WrongUsage, match="shows no views"):
        ask(people, task="reverse", control="swapped")
