"""Guessed answers: as good as the model's own, in fewer passes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.models.adapters.lora import load_adapter
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.decoding.generate import _agreed
from xmm_cli.models.decoding.generate import answer as answered
from xmm_cli.models.decoding.rank import greedy, read_tree
from xmm_cli.models.decoding.tree import build_tree

QUESTION = "Who is this person?"
LONGEST = 12

token_lists = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def trained(checkpoint):
    from tests.conftest import new_base

    base = new_base()
    return base, load_adapter(base, Path(checkpoint.path)), Conversations(base)


def prompts_of(conversations, people):
    """Pictures and descriptions, of different lengths."""
    contexts = []
    for persona, folder in people[:4]:
        contexts += [Context(image=folder / persona.images[0].path)]
        contexts += [Context(text=persona.texts[0].text)]
    return [conversations.encode(context, QUESTION) for context in contexts]


def passes(model):
    """How often the model was called, counted from here on."""
    calls = []
    model.register_forward_pre_hook(lambda *_: calls.append(1))
    return calls


def answers_of(trained, prompts, guesses=None, **more):
    base, model, conversations = trained
    trees = None if guesses is None else [guesses] * len(prompts)
    most = [LONGEST] * len(prompts)
    answers = answered(base, model, conversations, prompts, most, guesses=trees, **more)
    return [given.text for given in answers]


def test_what_is_guessed_right_takes_two_passes_for_all(trained, people):
    base, _, conversations = trained
    prompts = prompts_of(conversations, people)
    plain = answers_of(trained, prompts)
    assert len(set(plain)) > 1
    tree = build_tree([conversations.answer_ids(answer) for answer in plain])
    calls = passes(base.model)
    assert answers_of(trained, prompts, tree) == plain
    # tokens may be put together otherwise than the model tells them, which costs passes
    assert len(calls) <= 4


@pytest.mark.parametrize("wrong", ["Zz", "Ann Lee", "a b c d e f g h i j k l m n o p"])
def test_what_is_guessed_wrong_changes_nothing(trained, people, wrong):
    _, _, conversations = trained
    prompts = prompts_of(conversations, people)
    plain = answers_of(trained, prompts)
    half = [answer[: len(answer) // 2] + wrong for answer in plain]
    for guesses in ([wrong], half, [*half, *plain]):
        tree = build_tree([conversations.answer_ids(one) for one in guesses])
        assert answers_of(trained, prompts, tree) == plain


def test_an_answer_that_was_begun_is_guessed_on(trained, people):
    _, _, conversations = trained
    prompts = prompts_of(conversations, people)[:2]
    names = [persona.name for persona, _ in people]
    half = conversations.answer_ids(names[0])[:2]
    begun = [conversations.going_on(prompt, half) for prompt in prompts]
    plain = answers_of(trained, begun, begun=[2, 2])
    tree = build_tree([conversations.answer_ids(name) for name in names])
    assert answers_of(trained, begun, tree, begun=[2, 2]) == plain


def test_reading_the_candidates_tells_the_answers_too(trained, people):
    base, model, conversations = trained
    prompts = prompts_of(conversations, people)
    plain = answers_of(trained, prompts)
    ends = conversations.end_tokens
    tree = build_tree([conversations.answer_ids(answer) for answer in [*plain, "Nobody"]])
    told = greedy(read_tree(base, model, prompts, tree), tree, ends)
    whole = [tokens[-1] in ends for tokens in told]
    assert any(whole)
    for tokens, known, answer in zip(told, whole, plain, strict=True):
        said = base.tokenizer.decode(tokens, skip_special_tokens=True).strip()
        assert said == answer if known else answer.startswith(said)


@given(token_lists, st.lists(st.integers(0, 3), max_size=6))
def test_a_guess_goes_on_as_a_candidate_does(candidates, told):
    tree = build_tree(candidates)
    guess = tree.guess(told)
    if guess:
        whole = [*told, *guess]
        assert any(one[: len(whole)] == whole and len(one) > len(whole) for one in candidates)
    else:
        longer = [one for one in candidates if one[: len(told)] == told and len(one) > len(told)]
        assert not longer or len(longer[0]) == len(told) + 1


@given(st.lists(st.integers(0, 3), max_size=6), st.lists(st.integers(0, 3), min_size=7), st.data())
def test_what_is_kept_of_a_guess(guess, heard, data):
    """One token more than agrees, and nothing behind an end."""
    ends = data.draw(st.sets(st.integers(0, 3), max_size=1))
    told = _agreed(guess, heard, ends)
    assert 1 <= len(told) <= len(guess) + 1
    assert told == heard[: len(told)]
    assert told[:-1] == guess[: len(told) - 1]
    assert not set(told[:-1]) & ends
    stopped = told[-1] in ends or len(told) == len(guess) + 1
    assert stopped or guess[len(told) - 1] != told[-1]
