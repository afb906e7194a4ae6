"""Every family: what is kept, padded and ranked says what the model's own plain pass says."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.candidates import candidate_logprobs
from tests.families.tiny import FAMILIES, save
from xmm_cli.models.adapters.parts import set_sees_anew
from xmm_cli.models.conversation import Context, Conversation, Conversations
from xmm_cli.models.decoding.batching import answer_logits, model_inputs, pad
from xmm_cli.models.decoding.generate import answer, generate
from xmm_cli.models.decoding.pruned import UNREAD, PrunedCandidates
from xmm_cli.models.decoding.rank import (
    cached_logprobs,
    path_sums,
    read_tree,
    takes_trees,
)
from xmm_cli.models.decoding.tree import build_tree
from xmm_cli.models.loading import load_base
from xmm_cli.models.vision.cache import FeatureFolder
from xmm_cli.models.vision.tower import Vision

QUESTION = "Who is this person?"
NAMES = ("Ann Lee", "Ann Leed", "Ann", "Bo Quist", "Zoe Ödegård")
SEEN_DAILY = ("llava", "qwen3_vl", "gemma3", "paligemma")
"""One of each kind; the others are slow tests."""

EACH = [
    pytest.param(name, marks=() if name in SEEN_DAILY else pytest.mark.slow) for name in FAMILIES
]


@pytest.fixture(scope="module", params=EACH)
def family(request, tmp_path_factory):
    folder = save(request.param, tmp_path_factory.mktemp("family") / request.param)
    base = load_base(str(folder), "cpu")
    return base, Conversations(base)


def asked(conversations, people, answers=False) -> list[Conversation]:
    """Two pictures, one of another shape, and two descriptions, in turn."""
    found = []
    for number, (persona, folder) in enumerate(people[:4]):
        context = Context(text=persona.texts[number].text)
        if number % 2:
            context = Context(image=folder / persona.images[number].path)
        found.append(conversations.encode(context, QUESTION, NAMES[number] if answers else None))
    return found


@pytest.fixture
def wide(tmp_path) -> Path:
    """A picture that is twice as wide as high."""
    path = tmp_path / "wide.png"
    Image.radial_gradient("L").resize((112, 56)).convert("RGB").save(path)
    return path


def logits(base, rows) -> torch.Tensor:
    pad_id = base.tokenizer.pad_token_id
    with torch.inference_mode():
        return answer_logits(base.model, pad(rows, pad_id, "right"), base.device, torch.float32)[0]


def test_kept_features_give_the_same_bits_as_pixels(family, people, wide):
    base, conversations = family
    shown = [Context(image=folder / one.images[0].path) for one, folder in people[:2]]
    shown.append(Context(image=wide))

    def rows():
        return [conversations.encode(one, QUESTION, "Ann Lee") for one in shown]

    kept = rows()
    try:
        set_sees_anew(base.model, True)
        plain = rows()
    finally:
        set_sees_anew(base.model, False)
    assert all(one.features is not None for one in kept)
    assert all(one.features is None and "pixel_values" in one.shown for one in plain)
    for one, other in zip(kept, plain, strict=True):
        assert torch.equal(logits(base, [one]), logits(base, [other]))
    assert not torch.allclose(logits(base, [kept[0]]), logits(base, [kept[2]]), atol=1e-3)


def test_features_from_the_disk_are_the_same_bits(family, people, wide, tmp_path):
    base, conversations = family
    shown = [Context(image=people[0][1] / people[0][0].images[0].path), Context(image=wide)]
    kept = [conversations.encode(one, QUESTION, "Ann Lee") for one in shown]
    for looks in ("first", "second"):
        again = Conversations(base)
        again.vision = Vision(base, FeatureFolder(tmp_path, 2**30))
        if looks == "second":
            again.vision._compute = None  # nothing is computed
        found = [again.encode(one, QUESTION, "Ann Lee") for one in shown]
        assert torch.equal(logits(base, found), logits(base, kept))


def test_padding_changes_no_answer(family, people):
    base, conversations = family
    rows = asked(conversations, people, answers=True)
    alone = torch.cat([logits(base, [row]) for row in rows])
    assert torch.allclose(logits(base, rows), alone, atol=1e-4)


def test_an_answer_does_not_see_what_follows(family, people):
    """What is learned at a token may not depend on the tokens after it."""
    base, conversations = family
    for row in asked(conversations, people, answers=True):
        start = row.answer_start
        other = [*row.ids[: start + 1], *[7] * (len(row.ids) - start - 1)]
        changed = Conversation(other, start, row.features, row.per_token, shown=row.shown)
        assert torch.allclose(logits(base, [row])[:2], logits(base, [changed])[:2], atol=1e-5)


@torch.inference_mode()
def one_by_one(base, prompt: Conversation, answer: list[int], conversations) -> float:
    """The log-probability of an answer by the pass that training makes."""
    per_token = conversations._longer(prompt.per_token, len(answer))
    whole = Conversation(
        [*prompt.ids, *answer], len(prompt.ids), prompt.features, per_token, shown=prompt.shown
    )
    logprobs = logits(base, [whole]).log_softmax(-1)
    return sum(float(row[token]) for row, token in zip(logprobs, answer, strict=True))


def test_ranking_says_what_a_pass_per_candidate_says(family, people):
    base, conversations = family
    prompts = asked(conversations, people)
    answers = [conversations.answer_ids(name) for name in NAMES]
    tree = build_tree(answers)
    found = candidate_logprobs(base, base.model, prompts, tree)
    by_cache = path_sums(cached_logprobs(base, base.model, prompts, tree), tree)
    for row, other, prompt in zip(found, by_cache, prompts, strict=True):
        expected = [one_by_one(base, prompt, answer, conversations) for answer in answers]
        assert row.tolist() == pytest.approx(expected, abs=1e-4)
        assert other.tolist() == pytest.approx(expected, abs=1e-4)
        assert len({round(one, 2) for one in expected}) == len(NAMES)


@torch.inference_mode()
def test_candidates_behind_kept_prompts_are_read_alike(family, people):
    """Other candidates behind each prompt, none behind the first."""
    base, conversations = family
    if not takes_trees(base):
        pytest.skip("no tree can be shown to it")
    prompts = asked(conversations, people)
    tree = build_tree([conversations.answer_ids(name) for name in NAMES])
    whole = read_tree(base, base.model, prompts, tree, tops=False).steps
    behind = PrunedCandidates(base, base.model, prompts, tree)
    behind.read([tree.leaves[: 2 * row] for row in range(len(prompts))])
    read = behind.steps > UNREAD
    assert read[-1].sum() > read[0].sum()
    assert torch.allclose(behind.steps[read], whole[read], atol=1e-4)


@torch.inference_mode()
def test_generation_goes_where_the_logits_lead(family, people):
    """Greedy tokens, step by step by plain passes; each prompt alone and in a batch."""
    base, conversations = family
    prompts = asked(conversations, people)
    together = generate(base, base.model, conversations, prompts, 4)
    for prompt, told in zip(prompts, together, strict=True):
        tokens: list[int] = []
        for _ in range(4):
            per_token = conversations._longer(prompt.per_token, len(tokens))
            row = Conversation(
                [*prompt.ids, *tokens], 1, prompt.features, per_token, shown=prompt.shown
            )
            inputs = model_inputs(pad([row], 0, "right"), base.device, torch.float32)
            tokens.append(int(base.model(**inputs).logits[0, -1].argmax()))
            if tokens[-1] in conversations.end_tokens:
                break
        assert told == base.tokenizer.decode(tokens, skip_special_tokens=True).strip()


def test_guesses_change_no_answer(family, people):
    """Right ones, wrong ones, ones that begin right, ones that are too long."""
    base, conversations = family
    prompts = asked(conversations, people)
    plain = generate(base, base.model, conversations, prompts, 6)
    tokens = [base.tokenizer(told, add_special_tokens=False).input_ids for told in plain]
    for guesses in (
        [told or [7] for told in tokens],
        [[*told[:3], 9, 8, 2] for told in tokens],
        [[*told, 9, 8, 7, 2] for told in tokens],
        [[5, 6, 2], [9]],
    ):
        trees = [build_tree(guesses)] * len(prompts)
        told = answer(base, base.model, conversations, prompts, [6] * len(prompts), guesses=trees)
        assert [given.text for given in told] == plain


def test_an_answer_is_its_tokens_and_an_end(family, people):
    base, conversations = family
    answer = conversations.answer_ids("Ann Lee")
    assert answer[-1] in conversations.end_tokens
    assert not set(answer[:-1]) & set(conversations.end_tokens)
    assert base.tokenizer.decode(answer[:-1]).strip() == "Ann Lee"
    assert "<|user|>" not in base.tokenizer.decode(answer)


def test_turns_follow_one_another(family, people):
    base, conversations = family
    persona, folder = people[0]
    seen = Context(image=folder / persona.images[0].path)
    earlier = [("What is this?", "a person")]
    prompt = conversations.encode(seen, QUESTION, earlier=earlier)
    told = conversations.encode(seen, QUESTION, "Ann Lee", earlier)
    assert told.ids[: len(prompt.ids)] == prompt.ids
    said = base.tokenizer.decode(prompt.ids)
    assert said.index("a person") < said.index(QUESTION)
    assert logits(base, [told]).isfinite().all()


def test_thinking_is_switched_off_and_no_part_of_an_answer(tmp_path):
    base = load_base(str(save("qwen3_vl", tmp_path / "qwen3_vl")), "cpu")
    conversations = Conversations(base)
    row = conversations.encode(Context(text="A person."), QUESTION, "Ann Lee")
    prompt, answer = row.ids[: row.answer_start], row.ids[row.answer_start :]
    assert base.tokenizer.decode(prompt).endswith("<|assistant|><think>\n\n</think>\n\n")
    assert base.tokenizer.decode(answer) == "Ann Lee<eos>"
