"""Examples: so many training views as were asked for, and never a held-out one."""

import msgspec
import pytest

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.models.adapters.parts import set_sees_anew
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.prompts import NAME_QUESTIONS
from xmm_cli.models.settings import TrainSettings
from xmm_cli.models.vision.batched import AT_ONCE
from xmm_cli.training.examples import build_examples, learners, views_used

QUESTION = NAME_QUESTIONS[0]


@pytest.fixture
def build(people, conversations):
    def made(rows=None, **settings):
        chosen = learners(people if rows is None else rows)
        return build_examples(chosen, TrainSettings(**settings), conversations)

    return made


def answers(conversations, examples) -> list[str]:
    decode = conversations.base.tokenizer.decode
    return [decode(one.ids[one.answer_start : -1]).strip() for one in examples]


def test_every_training_view_of_those_measured_is_learned(build, people, conversations):
    expected = [
        conversations.encode(Context(text=view.text), QUESTION, persona.name)
        for persona, _ in people
        for view in persona.texts
        if persona.role == "eval" and view.split == "train"
    ]
    assert len(expected) == 4 * 3
    assert build(source="text") == expected


def test_pictures_are_learned_by_their_features(build, people, conversations):
    found = build(source="image", views=1)
    learned = [persona for persona, _ in people if persona.role == "eval"]
    assert answers(conversations, found) == [persona.name for persona in learned]
    for one, (persona, folder) in zip(found, people, strict=False):
        shown = conversations.encode(Context(image=folder / persona.images[0].path), QUESTION)
        assert one.features is shown.features


def test_pixels_are_made_as_they_are_looked_at_where_what_sees_learns(build, people, conversations):
    plain = build(source="image", views=1)
    set_sees_anew(conversations.base.model, True)
    try:
        found = build(source="image", views=1)
        assert len(found) == len(plain)
        assert [one.ids for one in found] == [one.ids for one in plain]
        assert found[0].features is None
        assert found[0].shown["pixel_values"] is not found[0].shown["pixel_values"]
        assert [one.ids for one in found[1:3]] == [one.ids for one in plain[1:3]]
        nowhere = [(persona, folder / "nowhere") for persona, folder in people]
        with pytest.raises(InputNotFound):
            build(nowhere, source="image")
    finally:
        set_sees_anew(conversations.base.model, False)


@pytest.mark.parametrize(("views", "count"), [(1, 4), (2, 8), (3, 12), (None, 12)])
@pytest.mark.parametrize("source", ["image", "text"])
def test_the_first_views_are_taken(build, source, views, count):
    found = build(source=source, views=views)
    assert len(found) == count
    every = [one.ids for one in build(source=source)]
    each = count // 4
    assert [one.ids for one in found] == [ids for n, ids in enumerate(every) if n % 3 < each]


def test_both_modalities_of_a_person_follow_each_other(build, conversations):
    found = build(source="both", views=2)
    assert [one.features is not None for one in found] == [True, True, False, False] * 4
    assert answers(conversations, found[:4]) == [answers(conversations, found)[0]] * 4


def test_facts_are_learned_by_name_in_text(build, people, conversations):
    found = build(source="image", views=1, facts=True)
    persona, _ = people[0]
    assert len(found) == 4 * (1 + len(persona.facts))
    facts = found[1 : 1 + len(persona.facts)]
    assert answers(conversations, facts) == list(persona.facts.values())
    assert all(one.features is None for one in facts)
    decode = conversations.base.tokenizer.decode
    asked = [decode(one.ids[: one.answer_start]) for one in facts]
    assert all(persona.name in question for question in asked)


@pytest.mark.parametrize("source", ["image", "text", "both"])
def test_too_few_views_are_refused_by_name(build, source):
    with pytest.raises(BadData, match=r"3 training views in \w+, not 4; ask for fewer: --views 3"):
        build(source=source, views=4)


def test_no_view_at_all_is_refused(build, people):
    blind = [(msgspec.structs.replace(persona, images=()), folder) for persona, folder in people]
    assert build(blind, source="text")
    with pytest.raises(BadData, match="has 0 training views in image, not any"):
        build(blind, source="image")


def test_a_missing_picture(build, people, tmp_path):
    with pytest.raises(InputNotFound, match="picture not found"):
        build([(persona, tmp_path) for persona, _ in people], source="image")


def test_only_those_measured_are_learned(people):
    assert [persona.role for persona, _ in learners(people)] == ["eval"] * 4
    with pytest.raises(BadData, match="no persona has the role eval"):
        learners([pair for pair in people if pair[0].role == "aux"])


def test_each_person_is_told_when_ready(people, conversations):
    told = []
    settings = TrainSettings(source="text", views=1)
    build_examples(learners(people), settings, conversations, lambda: told.append(1))
    assert len(told) == 4


def test_the_views_learned_from(people):
    persona, folder = people[0]
    fewer = msgspec.structs.replace(persona, texts=persona.texts[:2])
    mixed = [(persona, folder), (fewer, folder)]
    assert views_used(mixed, TrainSettings(source="image")) == 3
    assert views_used(mixed, TrainSettings(source="text")) == 2
    assert views_used(mixed, TrainSettings(source="both")) == 2
    assert views_used(mixed, TrainSettings(source="both", views=1)) == 1


def test_shuffled_names_are_of_the_same_people_by_chance(build, people, conversations):
    """One person's views have several names, and the seed decides which."""
    learned = [persona.name for persona, _ in people if persona.role == "eval"]
    found = answers(conversations, build(source="both", shuffle_names=True))
    right = answers(conversations, build(source="both"))
    assert set(found) <= set(learned)
    assert len(found) == len(right)
    assert found != right
    assert any(len(set(found[n : n + 6])) > 1 for n in range(0, 24, 6))
    assert found == answers(conversations, build(source="both", shuffle_names=True))
    other = answers(conversations, build(source="both", shuffle_names=True, seed=1))
    assert found != other


def test_shuffling_leaves_the_views_and_the_facts_as_they_are(build, people, conversations):
    plain = build(source="text", facts=True)
    shuffled = build(source="text", facts=True, shuffle_names=True)
    prompts = [[one.ids[: one.answer_start] for one in rows] for rows in (plain, shuffled)]
    assert prompts[0] == prompts[1]
    count = len(people[0][0].facts)
    facts = [answers(conversations, rows)[3 : 3 + count] for rows in (plain, shuffled)]
    assert facts[0] == facts[1] == list(people[0][0].facts.values())


def test_pictures_of_several_people_fill_the_batches_of_the_tower(people, base, monkeypatch):
    sizes = []
    conversations = Conversations(base)
    look = conversations.vision.look
    monkeypatch.setattr(
        conversations.vision, "look", lambda some: (sizes.append(len(some)), look(some))
    )
    settings = TrainSettings(source="image", views=2)
    examples = build_examples(learners(people), settings, conversations)
    assert len(examples) == sum(sizes) == 4 * 2
    assert sizes[0] == AT_ONCE
