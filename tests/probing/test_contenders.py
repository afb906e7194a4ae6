"""Only candidates that may lie before the right one are read, and nothing that is told changes."""

from pathlib import Path

import pytest
import torch

from tests.probing import NAMES
from xmm_cli.models.adapters.lora import load_adapter
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.decoding import rank
from xmm_cli.models.decoding.generate import generate
from xmm_cli.models.decoding.pruned import UNREAD, PrunedCandidates, read_contenders
from xmm_cli.models.decoding.rank import NOT_TOLD, Reading, greedy, path_sums, rank_of, read_tree
from xmm_cli.models.decoding.tree import build_tree, inner

QUESTION = "Who is this person?"


@pytest.fixture(scope="module")
def trained(checkpoint):
    from tests.conftest import new_base

    base = new_base()
    return base, load_adapter(base, Path(checkpoint.path)), Conversations(base)


@pytest.fixture(scope="module")
def prompts(trained, people):
    """Pictures and descriptions, of different lengths."""
    _, _, conversations = trained
    contexts = []
    for persona, folder in people:
        contexts += [Context(image=folder / persona.images[0].path)]
        contexts += [Context(text=persona.texts[0].text)]
    return [conversations.encode(context, QUESTION) for context in contexts]


@pytest.fixture(scope="module")
def names(trained, people, prompts):
    """Candidates, among them what the model tells of itself, and so is sure of."""
    base, model, conversations = trained
    own = generate(base, model, conversations, prompts, 12)
    return [*NAMES, *(persona.name for persona, _ in people), *own]


@pytest.fixture(scope="module")
def tree(trained, names):
    return build_tree([trained[2].answer_ids(name) for name in names])


def alike(trained, prompts, tree, rights):
    """What both ways of reading say, which is the same; and how many nodes were read."""
    base, model, conversations = trained
    whole = read_tree(base, model, prompts, tree)
    some = read_contenders(base, model, prompts, tree, rights)
    ends = conversations.end_tokens
    assert greedy(some, tree, ends) == greedy(whole, tree, ends)
    every, known = path_sums(whole.steps, tree), path_sums(some.steps, tree)
    for row, right in enumerate(rights):
        assert rank_of(known[row], right) == rank_of(every[row], right)
        assert float(known[row, right]) == pytest.approx(float(every[row, right]), abs=1e-4)
        behind = every[row] < every[row, right] - 0.01
        assert (known[row, ~behind] > UNREAD / 2).all()
    read = some.steps > UNREAD / 2
    assert torch.allclose(some.steps[read], whole.steps[read], atol=1e-4)
    return [sum(one != NOT_TOLD for one in tops[1:]) for tops in some.tops]


def test_ranks_and_what_is_told_are_those_of_all_candidates(trained, prompts, names, tree):
    for shift in range(0, len(names), 3):
        rights = [(row * 5 + shift) % len(names) for row in range(len(prompts))]
        alike(trained, prompts, tree, rights)


def test_who_knows_the_answer_is_read_little(trained, prompts, names, tree):
    first = len(names) - len(prompts)
    read = alike(trained, prompts, tree, [first + row for row in range(len(prompts))])
    assert max(read) < len(inner(tree)[0].tokens)
    assert sum(read) < len(read) * len(inner(tree)[0].tokens) / 2


def test_rows_that_fit_into_the_memory_say_the_same(trained, prompts, names, tree, monkeypatch):
    few, rights = prompts[:5], list(range(5))
    assert len(names) > len(rights)
    together = passes(trained[0].model, lambda: alike(trained, few, tree, rights))
    monkeypatch.setattr(rank, "LOGITS_BYTES", 1)
    assert passes(trained[0].model, lambda: alike(trained, few, tree, rights)) > together


def passes(model, work):
    """How often the model is called by some work."""
    calls = []
    hook = model.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        work()
    finally:
        hook.remove()
    return len(calls)


def test_candidates_of_one_token_need_no_reading(trained, prompts):
    tree = build_tree([[7], [9], [11]])
    assert alike(trained, prompts, tree, [row % 3 for row in range(len(prompts))]) == [0] * len(
        prompts
    )


def test_rows_that_differ_are_read_apart_and_give_the_same(trained, prompts, tree):
    base, model, _ = trained
    whole = read_tree(base, model, prompts, tree)
    leaves = [tree.leaves[: row * 2] for row in range(len(prompts))]
    with torch.inference_mode():
        behind = PrunedCandidates(base, model, prompts, tree)
        before = [layer.keys.clone() for layer in behind.cache.layers]
        behind.read(leaves)
    read = behind.steps > UNREAD / 2
    assert read.sum(1).tolist() == sorted(read.sum(1).tolist())
    assert torch.allclose(behind.steps[read], whole.steps[read], atol=1e-4)
    kept = [layer.keys for layer in behind.cache.layers]
    assert all(map(torch.equal, before, kept))


def test_an_answer_that_was_not_read_is_not_told(trained, tree):
    nodes = len(inner(tree)[0].tokens)
    reading = Reading(torch.zeros(1, len(tree.tokens)), [[tree.tokens[0], *[NOT_TOLD] * nodes]])
    assert greedy(reading, tree, trained[2].end_tokens) == [[tree.tokens[0]]]
