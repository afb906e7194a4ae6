"""Questions: one wording is the one that is asked, and no two ask for different things."""

from itertools import chain

from xmm_cli.models import prompts
from xmm_cli.personas.facts import FACTS
from xmm_cli.personas.vocabulary import VOCABULARY


def test_no_question_is_asked_for_two_things():
    groups = [
        prompts.NAME_QUESTIONS,
        prompts.CAPTION_QUESTIONS,
        *[prompts.attribute_questions(attribute) for attribute in VOCABULARY],
        *[prompts.fact_questions(fact) for fact in FACTS],
        (prompts.reverse_question("Ann Lee"),),
    ]
    asked = list(chain.from_iterable(groups))
    assert len(set(asked)) == len(asked)
    assert all(question.endswith(("?", ".")) for question in asked)


def test_a_field_is_said_in_words():
    assert prompts.attribute_questions("hair_color")[0] == "What hair color does this person have?"
    assert prompts.fact_questions("city", "Ann Lee") == ("What is the city of Ann Lee?",)
    assert prompts.reverse_question("Ann Lee") == "What does Ann Lee look like?"


def test_no_question_gives_its_answer_away():
    for attribute, values in VOCABULARY.items():
        for question in prompts.attribute_questions(attribute):
            assert not set(question.rstrip("?").split()) & set(values)
    for fact, answers in FACTS.items():
        assert not set(prompts.fact_questions(fact)[0].rstrip("?").split()) & set(answers)


def test_a_caption_says_every_attribute_in_order():
    look = {attribute: next(iter(values)) for attribute, values in VOCABULARY.items()}
    parts = prompts.caption(look).split(", ")
    assert parts == [f"{a.replace('_', ' ')} {value}" for a, value in look.items()]
