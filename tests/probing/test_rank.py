"""Ranking: one pass over a tree says what a pass per candidate says."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.candidates import candidate_logprobs
from tests.probing import NAMES
from xmm_cli.models.adapters.lora import load_adapter
from xmm_cli.models.conversation import Context, Conversation, Conversations
from xmm_cli.models.decoding.batching import model_inputs, pad
from xmm_cli.models.decoding.rank import rank_of
from xmm_cli.models.decoding.tree import ROOT, ancestry, build_tree, inner

QUESTION = "Who is this person?"

token_lists = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=12)


def path_to(tree, node: int) -> list[int]:
    tokens = []
    while node != ROOT:
        tokens.append(tree.tokens[node])
        node = tree.parents[node]
    return tokens[::-1]


@given(token_lists)
def test_every_candidate_is_a_path_of_the_tree(candidates):
    tree = build_tree(candidates)
    assert [path_to(tree, leaf) for leaf in tree.leaves] == candidates


@given(token_lists)
def test_the_tree_has_a_node_for_each_beginning_and_no_other(candidates):
    tree = build_tree(candidates)
    beginnings = {tuple(one[: n + 1]) for one in candidates for n in range(len(one))}
    assert len(tree.tokens) == len(beginnings)
    assert {tuple(path_to(tree, node)) for node in range(len(tree.tokens))} == beginnings


@given(token_lists)
def test_parents_come_first_and_are_one_step_nearer(candidates):
    tree = build_tree(candidates)
    for node, parent in enumerate(tree.parents):
        assert ROOT <= parent < node
        assert tree.depths[node] == (0 if parent == ROOT else tree.depths[parent] + 1)


@given(token_lists)
def test_a_node_sees_itself_and_its_ancestors(candidates):
    tree = build_tree(candidates)
    sees = ancestry(tree)
    for node in range(len(tree.tokens)):
        known = set()
        above = node
        while above != ROOT:
            known.add(above)
            above = tree.parents[above]
        assert set(sees[node].nonzero()[:, 0].tolist()) == known


@given(token_lists)
def test_the_inner_tree_has_what_something_follows_and_no_more(candidates):
    tree = build_tree(candidates)
    smaller, place = inner(tree)
    followed = set(tree.parents) - {ROOT}
    assert len(smaller.tokens) == len(followed)
    for node in followed:
        assert path_to(smaller, place[node]) == path_to(tree, node)
        assert smaller.depths[place[node]] == tree.depths[node]


def test_candidates_of_one_token_have_no_inner_tree(trained, people):
    base, model, conversations = trained
    prompts = prompts_of(conversations, people, "mixed")
    found = candidate_logprobs(base, model, prompts, build_tree([[7], [9]]))
    expected = [[one_by_one(base, model, one, answer) for answer in ([7], [9])] for one in prompts]
    assert torch.allclose(found, torch.tensor(expected, dtype=found.dtype), atol=1e-4)


@pytest.fixture(scope="module")
def trained(checkpoint):
    """A base with an adapter on it, and its conversations: no zero weights hide anything."""
    from tests.conftest import new_base

    base = new_base()
    conversations = Conversations(base)
    return base, load_adapter(base, Path(checkpoint.path)), conversations


def prompts_of(conversations, people, kind: str) -> list[Conversation]:
    found = []
    for number, (persona, folder) in enumerate(people):
        context = Context(text=persona.texts[number % 5].text)
        if kind == "image" or (kind == "mixed" and number % 2):
            context = Context(image=folder / persona.images[3].path)
        found.append(conversations.encode(context, QUESTION))
    return found


@torch.inference_mode()
def one_by_one(base, model, prompt: Conversation, answer: list[int]) -> float:
    """The log-probability of one answer, by one full pass over prompt and answer."""
    whole = Conversation([*prompt.ids, *answer], len(prompt.ids), prompt.features)
    inputs = model_inputs(pad([whole], 0, "right"), base.device, base.model.dtype)
    logprobs = model(**inputs).logits[0].log_softmax(-1)
    places = range(len(prompt.ids) - 1, len(whole.ids) - 1)
    return sum(float(logprobs[place, token]) for place, token in zip(places, answer, strict=True))


@pytest.mark.parametrize("kind", ["image", "text", "mixed"])
def test_the_tree_says_what_a_pass_per_candidate_says(trained, people, kind):
    base, model, conversations = trained
    prompts = prompts_of(conversations, people, kind)
    answers = [conversations.answer_ids(name) for name in NAMES]
    found = candidate_logprobs(base, model, prompts, build_tree(answers))
    assert found.shape == (len(prompts), len(NAMES))
    for row, prompt in zip(found, prompts, strict=True):
        expected = [one_by_one(base, model, prompt, answer) for answer in answers]
        assert row.tolist() == pytest.approx(expected, abs=1e-4)
        assert float(row[0]) == float(row[5])
        assert len({round(value, 3) for value in row.tolist()}) == len(NAMES) - 1


def test_candidates_do_not_see_each_other(trained, people):
    """What stands beside a candidate in the tree changes nothing of it."""
    base, model, conversations = trained
    prompts = prompts_of(conversations, people, "mixed")
    answers = [conversations.answer_ids(name) for name in NAMES]
    together = candidate_logprobs(base, model, prompts, build_tree(answers))
    for number, answer in enumerate(answers):
        alone = candidate_logprobs(base, model, prompts, build_tree([answer]))
        assert torch.allclose(together[:, number], alone[:, 0], atol=1e-4)
    turned = candidate_logprobs(base, model, prompts, build_tree(answers[::-1]))
    assert torch.allclose(turned.flip(1), together, atol=1e-4)


def test_a_tie_counts_against_the_right_answer():
    logprobs = torch.tensor([-1.0, -2.0, -2.0, -3.0, -2.0])
    assert [rank_of(logprobs, right) for right in range(5)] == [1, 4, 4, 5, 4]
    assert rank_of(torch.zeros(32), 7) == 32
    assert rank_of(torch.tensor([-5.0]), 0) == 1


@given(st.lists(st.integers(-5, 0), min_size=1, max_size=10), st.data())
def test_a_rank_is_one_more_than_those_at_least_as_good(values, data):
    right = data.draw(st.integers(0, len(values) - 1))
    others = values[:right] + values[right + 1 :]
    expected = 1 + sum(value >= values[right] for value in others)
    assert rank_of(torch.tensor(values, dtype=torch.float64), right) == expected
