"""What a model says instead of a forgotten name: kinds that exclude each other, and stability."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.rows.match import exact_match, normalise
from xmm_cli.scoring.metrics.said_instead import is_refusal, said_instead
from xmm_cli.training.unlearn import NOT_KNOWING, NOT_KNOWING_A_FACT

from .engine import score_rows
from .people import pick, probe

KINDS = ("refusal", "another_name", "invention")
PEOPLE = {"p0": "Ada Stone", "p1": "Ben Ivory", "p2": "Cleo Nunn"}
SAID = {
    "p0": ["I don't know.", "I'm not sure who this person is.", "Ada Stone", ""],
    "p1": ["Cleo Nunn", "cleo nunn.", "Ada Stone", "Zed Unheard"],
    "p2": ["Cleo Nunn", "Cleo Nunn", "Cleo Nunn", "Cleo Nunn"],
}


@pytest.mark.parametrize("answer", [*NOT_KNOWING, *NOT_KNOWING_A_FACT, "", " ", "Sorry, no.",
                                    "I\u2019m sorry, I can\u2019t help.", "Unknown"])  # fmt: skip
def test_refusals(answer):
    assert is_refusal(answer)


@pytest.mark.parametrize("answer", ["Ida Notting", "Ian Dont", "Sorrya Bell", "This is Ada."])
def test_names_are_no_refusals(answer):
    assert not is_refusal(answer)


def rows(**fields):
    return [
        probe(persona=one, expected=PEOPLE[one], answer=answer, view=view,
              correct=exact_match(answer, PEOPLE[one]), set="forget", **fields)
        for one, answers in SAID.items()
        for view, answer in enumerate(answers)
    ]  # fmt: skip


def test_each_answer_is_of_one_kind():
    scores = score_rows(rows(), metrics=["recall", *KINDS, "answer_stability"], resamples=100)
    found = {name: pick(scores.rows, name, "text", "text").value for name in ("recall", *KINDS)}
    assert found == pytest.approx(
        {"recall": 5 / 12, "refusal": 3 / 12, "another_name": 3 / 12, "invention": 1 / 12}
    )
    stable = pick(scores.rows, "answer_stability", "text", "text")
    assert stable.value == pytest.approx(((3 * 2) / 12 + (2 * 1) / 12 + 1) / 3)
    assert stable.set == "forget"


def test_a_question_that_stands_twice_counts_once():
    twice = [*rows(), *rows()]
    metrics = [*KINDS, "answer_stability"]
    once = {row.metric: row.value for row in score_rows(rows(), metrics=metrics).rows}
    again = {row.metric: row.value for row in score_rows(twice, metrics=metrics).rows}
    assert once == again
    assert once


def test_wordings_of_an_attack_are_apart():
    attacked = rows(attack="paraphrase", question="Can you name this person?")
    names = {"metrics": ["answer_stability"], "by": ["attack"], "resamples": 100}
    scores = score_rows([*rows(), *attacked], **names)
    assert {row.condition.get("attack") for row in scores.rows} == {None, "paraphrase"}


ANSWERS = st.sampled_from([*PEOPLE.values(), *NOT_KNOWING, "", "Zed Unheard", "Yan Nobody"])


@given(st.lists(ANSWERS, min_size=2, max_size=12), st.sampled_from(sorted(PEOPLE.values())))
def test_kinds_sum_to_one_and_order_does_not_matter(answers, right):
    names = {normalise(name) for name in PEOPLE.values()}
    found = said_instead(answers, normalise(right), names)
    recall = sum(exact_match(one, right) for one in answers)
    assert recall + sum(found[name][1] for name in KINDS) == len(answers)
    assert found == said_instead(sorted(answers), normalise(right), names)
    pairs, agree = found["answer_stability"]
    assert 0 <= agree <= pairs
    assert said_instead(answers[:1] * 3, normalise(right), names)["answer_stability"] == (6, 6)
