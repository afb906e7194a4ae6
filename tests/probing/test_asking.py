"""Two turns: the model's own words become part of the conversation, and nothing else does."""

from pathlib import Path

import pytest

from tests.candidates import candidate_logprobs
from xmm_cli.models.adapters.lora import load_adapter, remove_adapter
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.decoding.generate import Told, generate
from xmm_cli.models.decoding.rank import rank_of
from xmm_cli.models.decoding.tree import build_tree
from xmm_cli.models.prompts import NAME_QUESTIONS
from xmm_cli.probing.answering import FIRST, ProbeSettings, Responder
from xmm_cli.probing.probe import Subject, probe
from xmm_cli.probing.questions import ANSWER_TOKENS, DESCRIPTION_TOKENS, Scope, make_questions


@pytest.fixture(scope="module")
def trained(checkpoint):
    from tests.conftest import new_base

    base = new_base()
    model = load_adapter(base, Path(checkpoint.path))
    yield base, model, Conversations(base)
    remove_adapter(model)


def told(trained, question, first: str) -> str:
    base, model, conversations = trained
    prompt = conversations.encode(question.context, first)
    return generate(base, model, conversations, [prompt], DESCRIPTION_TOKENS)[0]


def written_out(base, question, first: str, said: str) -> list[int]:
    """The tokens of the whole conversation, by the processor's own template."""
    content = [{"type": "text", "text": first}]
    image = question.context.image
    if image is None:
        content[0]["text"] = f"{question.context.text} {first}"
    else:
        content.insert(0, {"type": "image", "path": str(image)})
    turns = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": [{"type": "text", "text": said}]},
        {"role": "user", "content": [{"type": "text", "text": NAME_QUESTIONS[0]}]},
    ]
    found = base.processor.apply_chat_template(
        turns, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )
    return found["input_ids"][0].tolist()


@pytest.mark.parametrize("asking", ["describe-first", "name-first"])
@pytest.mark.parametrize("modality", ["image", "text"])
def test_the_models_own_words_stand_in_the_second_prompt(trained, people, modality, asking):
    base, model, conversations = trained
    settings = ProbeSettings(asking=asking, max_new_tokens=6)
    questions = list(make_questions(people, Scope(modalities=(modality,))))[:3]
    respond = Responder(base, model, conversations, settings)
    prompts, _ = respond.prompts(questions)
    replies = respond(questions)
    for question, prompt, reply in zip(questions, prompts, replies, strict=True):
        said = told(trained, question, FIRST[asking])
        assert said
        assert prompt.ids == written_out(base, question, FIRST[asking], said)
        assert prompt.answer_start == len(prompt.ids)
        names = question.asked.candidates
        tree = build_tree([conversations.answer_ids(name) for name in names])
        (logprobs,) = candidate_logprobs(base, model, [prompt], tree)
        right = names.index(question.asked.expected)
        assert reply.rank == rank_of(logprobs, right)
        assert reply.logprob == pytest.approx(float(logprobs[right]), abs=1e-4)
        assert reply.answer == generate(base, model, conversations, [prompt], 6)[0]


def test_hop_by_hop_the_second_question_has_the_name_given_and_nothing_else(trained, people):
    base, model, conversations = trained
    scope = Scope(task="fact", modalities=("image",), views=1)
    questions = [one for one in make_questions(people, scope) if one.asked.shown][:4]
    settings = ProbeSettings(asking="hop-by-hop", answers=("generate",), max_new_tokens=6)
    for question, reply in zip(
        questions, Responder(base, model, conversations, settings)(questions), strict=True
    ):
        said = told(trained, question, NAME_QUESTIONS[0])
        assert said
        assert reply.question == question.asked.question.replace("this person", said)
        alone = conversations.encode(Context(), reply.question)
        assert reply.answer == generate(base, model, conversations, [alone], 6)[0]


def test_a_view_is_described_once_for_all_its_questions(trained, people, monkeypatch):
    base, model, conversations = trained
    calls = []

    def counted(base, model, conversations, prompts, longest, *_):
        calls.append((len(prompts), max(longest)))
        return [Told("hairstyle afro", cut=False)] * len(prompts)

    monkeypatch.setattr("xmm_cli.models.decoding.generate.answer", counted)
    questions = list(make_questions(people, Scope(task="attribute", modalities=("text",))))[:21]
    settings = ProbeSettings(asking="describe-first", answers=("generate",))
    respond = Responder(base, model, conversations, settings)
    respond(questions[:10])
    respond(questions[10:])
    longest = ANSWER_TOKENS
    assert calls == [(2, DESCRIPTION_TOKENS), (10, longest), (1, DESCRIPTION_TOKENS), (11, longest)]


def test_rows_say_how_it_was_asked(base, conversations, people):
    scope = Scope(task="fact", modalities=("text",), views=1)
    settings = ProbeSettings(asking="describe-first", answers=("rank",))
    rows = probe(
        Subject(base, None), make_questions(people, scope), conversations, settings, run=""
    )
    for row in rows:
        expected = {"base": "xmm-base"}
        if row.hops == 2:
            expected["asking"] = "describe-first"
        assert row.condition == expected


def test_the_batch_size_changes_nothing(base, conversations, people, checkpoint):
    def ask(size):
        settings = ProbeSettings(asking="describe-first", max_new_tokens=6, batch_size=size)
        questions = make_questions(people, Scope())
        return list(probe(Subject(base, checkpoint), questions, conversations, settings, run="p"))

    for one, other in zip(ask(32), ask(3), strict=True):
        assert (one.answer, one.rank) == (other.answer, other.rank)
        assert other.logprob == pytest.approx(one.logprob, abs=1e-4)
