"""Facts and looks: what is asked about a view, and what by name."""

import msgspec
import pytest

from xmm_cli.errors import BadData, WrongUsage
from xmm_cli.models import prompts
from xmm_cli.models.conversation import Context
from xmm_cli.models.decoding.generate import Told
from xmm_cli.probing import answering
from xmm_cli.probing.probe import ProbeSettings, Subject, count_rows, probe
from xmm_cli.probing.questions import DESCRIPTION_TOKENS, Scope, make_questions

PEOPLE = 4


def ask(people, **scope):
    return list(make_questions(people, Scope(**scope)))


@pytest.fixture
def rows(base, conversations, people):
    def find(scope, **settings):
        chosen = ProbeSettings(**({"max_new_tokens": 3} | settings))
        questions = make_questions(people, scope)
        return list(probe(Subject(base, None), questions, conversations, chosen, run="p"))

    return find


def measured(people):
    return [persona for persona, _ in people if persona.role == "eval"]


def test_facts_are_asked_about_views_and_then_by_name(people):
    found = ask(people, task="fact")
    facts = len(people[0][0].facts)
    shown = [q for q in found if q.asked.shown]
    named = [q for q in found if not q.asked.shown]
    assert found == shown + named
    assert (len(shown), len(named)) == (2 * PEOPLE * 2 * facts, PEOPLE * facts)
    assert {q.asked.hops for q in shown} == {2}
    for q in named:
        assert (q.asked.hops, q.modality, q.view, q.split) == (1, "text", 0, "heldout")
        assert q.context == Context()
        assert q.persona.name in q.asked.question


@pytest.mark.parametrize("task", ["name", "attribute", "fact", "reverse"])
def test_everyone_shares_the_candidates(people, task):
    found = ask(people, task=task)
    shared = {id(q.asked.candidates) for q in found}
    assert len(shared) == len({q.asked.candidates for q in found})


def test_a_fact_is_ranked_among_those_of_the_people_measured(people):
    for q in ask(people, task="fact"):
        (fact,) = [name for name in q.persona.facts if f"the {name} of" in q.asked.question]
        who = "this person" if q.asked.shown else q.persona.name
        assert q.asked.question == prompts.fact_questions(fact, who)[0]
        assert q.asked.expected == q.persona.facts[fact]
        assert set(q.asked.candidates) == {p.facts[fact] for p in measured(people)}


def test_pictures_alone_have_no_questions_by_name(people):
    assert all(q.asked.shown for q in ask(people, task="fact", modalities=("image",)))
    with pytest.raises(WrongUsage, match="reverse without the modality text"):
        ask(people, task="reverse", modalities=("image",))


def test_people_without_facts_or_looks(people):
    bare = [(msgspec.structs.replace(p, facts={}, attributes={}), f) for p, f in people]
    for task in ("fact", "reverse"):
        with pytest.raises(BadData, match=f"what the task {task} asks about"):
            ask(bare, task=task)
    assert len(ask([people[0], *bare[1:]], task="reverse")) == 1


def test_rows_of_facts_say_their_hops(rows):
    found = rows(Scope(task="fact", views=1), answers=("rank",))
    assert {(row.modality, row.hops) for row in found} == {("image", 2), ("text", 2), ("text", 1)}
    assert {row.task for row in found} == {"fact"}


def test_the_look_is_asked_by_name_and_ranked_whole(people):
    found = ask(people, task="reverse")
    looks = [prompts.caption(persona.attributes) for persona in measured(people)]
    assert len(found) == PEOPLE
    for q, look in zip(found, looks, strict=True):
        assert q.asked.question == prompts.reverse_question(q.persona.name)
        assert (q.modality, q.context, q.asked.expected) == ("text", Context(), look)
        assert q.asked.candidates == tuple(looks)


def test_a_description_fits(conversations, people):
    for persona, _ in people:
        told = conversations.answer_ids(prompts.caption(persona.attributes))
        assert len(told) <= DESCRIPTION_TOKENS


def test_a_look_is_judged_attribute_by_attribute(rows, people, monkeypatch):
    """The model gives the first person's look, but for the garment."""
    first = measured(people)[0]
    said = prompts.caption({k: v for k, v in first.attributes.items() if k != "garment"})
    longest = []

    def answer(base, model, conversations, asked, most, *_):
        longest.extend(most)
        return [Told(said, cut=False)] * len(asked)

    monkeypatch.setattr("xmm_cli.models.decoding.generate.answer", answer)
    asked = rows(Scope(task="reverse"), tokens=True, max_new_tokens=None)
    *judged, ranked = [row for row in asked if row.persona == first.id]
    assert set(longest) == {DESCRIPTION_TOKENS}
    assert [row.expected for row in judged] == list(first.attributes.values())
    for row, (attribute, value) in zip(judged, first.attributes.items(), strict=True):
        assert row.answer == (said if attribute == "garment" else value)
        assert row.correct == (attribute != "garment")
        assert (row.rank, row.candidates, row.logprob) == (None, None, None)
        assert (row.token_logprobs, row.wrong_logprob) == (None, None)
    assert (ranked.answer, ranked.correct, ranked.candidates) == (None, None, PEOPLE)
    assert ranked.expected == prompts.caption(first.attributes)
    assert 1 <= ranked.rank <= PEOPLE
    assert ranked.token_logprobs


@pytest.mark.parametrize("answers", [("generate",), ("rank",), ("generate", "rank")])
@pytest.mark.parametrize("task", ["name", "reverse"])
def test_as_many_rows_as_announced(rows, people, task, answers):
    scope = Scope(task=task, views=1)
    expected = count_rows(make_questions(people, scope), answers)
    assert len(rows(scope, answers=answers)) == expected
    assert expected == {"name": 8}.get(
        task, PEOPLE * (7 * ("generate" in answers) + ("rank" in answers))
    )


def test_settings_stand_in_one_place():
    assert ProbeSettings is answering.ProbeSettings
