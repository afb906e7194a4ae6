"""How attacked questions are answered: sampled, twice, from rounded weights, with a projector back.

On a small model that was really trained.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import new_base
from xmm_cli.models.adapters.lora import load_adapter, remove_adapter
from xmm_cli.models.conversation import Conversations
from xmm_cli.probing.answering import ProbeSettings, Responder
from xmm_cli.probing.attacks import ATTACKS
from xmm_cli.probing.attacks.attack import Around, CannotAttack
from xmm_cli.probing.attacks.best_of import SAMPLES, _Gumbel
from xmm_cli.probing.attacks.insist import AGAIN
from xmm_cli.probing.attacks.quantized import rounded
from xmm_cli.probing.probe import Subject, probe
from xmm_cli.probing.questions import Scope, make_questions
from xmm_cli.rows.match import exact_match


@pytest.fixture(scope="module")
def conversations():
    return Conversations(new_base())


def rows_of(name, checkpoint, people, conversations, scope=None, **settings):
    """What `probe` gives of the first two people in a modality each."""
    attack = ATTACKS.load(name)
    learners = [pair for pair in people if pair[0].role == "eval"]
    plain = list(make_questions(people, scope or Scope(views=1)))
    asked = attack.ask(plain, Around(learners, checkpoint, None, [checkpoint]))
    asked = [replace(one, attack=name) for one in asked]
    wanted = attack.over(ProbeSettings(**settings), name)
    subject = Subject(conversations.base, checkpoint)
    return list(probe(subject, asked, conversations, wanted, run="r"))


def test_samples_are_drawn_from_the_softmax():
    logits = torch.tensor([1.0, 0.0, -1.0, 2.0])
    rows = 4000
    noisy = _Gumbel(range(rows))(torch.empty(0), logits.expand(rows, -1))
    shares = torch.bincount(noisy.argmax(1), minlength=4) / rows
    assert torch.allclose(shares, logits.softmax(0), atol=0.025)
    again = _Gumbel(range(rows))(torch.empty(0), logits.expand(rows, -1))
    assert torch.equal(noisy, again)


def test_the_best_of_samples_does_not_depend_on_batches(checkpoint, people, conversations):
    ways = [rows_of("best-of", checkpoint, people, conversations, batch_size=size)
            for size in (SAMPLES, 32)]  # fmt: skip
    assert [row.answer for row in ways[0]] == [row.answer for row in ways[1]]
    other = rows_of("best-of", checkpoint, people, conversations, seed=1)
    assert [row.answer for row in ways[0]] != [row.answer for row in other]
    for row in other:
        assert row.condition["samples"] == SAMPLES
        assert row.correct == exact_match(row.answer, row.expected)


def test_weights_are_on_a_grid_and_near():
    torch.manual_seed(0)
    weight = torch.randn(5, 64)
    weight[4] = 0
    for bits, most in ((8, 127), (4, 7)):
        found = rounded(weight, bits)
        scale = weight.abs().amax(1, keepdim=True) / most
        assert ((found - weight).abs() <= scale / 2 + 1e-6).all()
        assert all(len(row.unique()) <= 2 * most + 1 for row in found)
        assert torch.allclose(found.abs().amax(1), weight.abs().amax(1))
    assert torch.equal(rounded(torch.tensor([[7.0, 3.4, -2.6]]), 4), torch.tensor([[7.0, 3, -3]]))


def test_rounded_weights_are_put_back(checkpoint, people, conversations):
    plain = list(make_questions(people, Scope(views=1)))
    subject = Subject(conversations.base, checkpoint)
    before = list(probe(subject, plain, conversations, ProbeSettings(), run="r"))
    weights = {n: w.clone() for n, w in conversations.base.model.state_dict().items()}
    (eight, four) = (rows_of(f"quantized-int{bits}", checkpoint, people, conversations)
                     for bits in (8, 4))  # fmt: skip
    for name, weight in conversations.base.model.state_dict().items():
        assert torch.equal(weight, weights[name]), name
    after = list(probe(subject, plain, conversations, ProbeSettings(), run="r"))
    assert [row.logprob for row in before] == [row.logprob for row in after]

    def moved(rows):
        return sum(abs(a.logprob - b.logprob) for a, b in zip(rows, before, strict=True))

    assert 0 < moved(eight) < moved(four)


def test_an_adapter_beside_the_weights_is_rounded_with_them(
    checkpoint, people, conversations, monkeypatch
):
    merged = rows_of("quantized-int4", checkpoint, people, conversations)
    monkeypatch.setattr("xmm_cli.models.adapters.merged.MOST_BYTES", 0)
    beside = rows_of("quantized-int4", checkpoint, people, conversations)
    for one, other in zip(merged, beside, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=1e-3)


def test_the_second_turn_has_the_first_answer(checkpoint, people, conversations):
    base, attack = conversations.base, ATTACKS.load("insist")
    questions = list(make_questions(people, Scope(modalities=("text",), views=1)))
    model = load_adapter(base, Path(checkpoint.path))
    try:
        plain = Responder(base, model, conversations, ProbeSettings())
        first = [reply.answer for reply in plain(questions)]
        responder = attack.responder(base, model, conversations, ProbeSettings())
        prompts, asked = responder.prompts(questions)
    finally:
        remove_adapter(model)
    for question, said, prompt, last in zip(questions, first, prompts, asked, strict=True):
        assert last == AGAIN.format(question=question.asked.question)
        written = base.tokenizer.decode(prompt.ids)
        assert said in written
        assert written.index(said) < written.index("Are you sure?")


def test_a_template_that_rewrites_what_was_said_takes_no_second_turn(checkpoint, people):
    """It ends a past answer otherwise than it was told: then there is no row, and one line why."""
    base = new_base()
    past = "message['role'] == 'assistant' and message != messages[-1]"
    told = "{{ part['text'] }}"
    loud = "{{ part['text'] | upper if PAST else part['text'] }}".replace("PAST", past)
    assert told in base.processor.chat_template
    base.processor.chat_template = base.processor.chat_template.replace(told, loud)
    rewriting = Conversations(base)
    for name in ("insist", "describe-first"):
        with pytest.raises(CannotAttack, match=r"^base 'xmm-base': its chat template writes"):
            rows_of(name, checkpoint, people, rewriting)
    assert rows_of("multiple-choice", checkpoint, people, rewriting)


def test_the_first_half_is_given_and_the_whole_judged(checkpoint, people, conversations):
    for row in rows_of("prefix", checkpoint, people, conversations):
        assert row.expected.startswith(row.prefix)
        assert row.answer.startswith(row.prefix)
        assert row.correct == row.extracted == exact_match(row.answer, row.expected)


def test_the_likeliest_option_is_the_answer(checkpoint, people, conversations):
    rows = rows_of("multiple-choice", checkpoint, people, conversations, batch_size=3)
    names = {persona.name for persona, _ in people}
    for row in rows:
        assert row.candidates == 4
        assert row.correct == (row.rank == 1) == (row.answer == row.expected)
        assert row.answer in names


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_a_broken_projector_is_put_back(people, tmp_path, kind):
    """What was trained outside of the language model is as in the base, and is back afterwards."""
    from xmm_cli.models.settings import TrainSettings
    from xmm_cli.training.train import prepare, train

    settings = TrainSettings(source="image", steps=3, batch_size=4, learning_rate=0.05,
                             adapter=kind, train="projector")  # fmt: skip
    row = train(prepare(people, settings, "cpu"), settings, tmp_path / "run", run="r")
    conversations = Conversations(new_base())
    questions = list(make_questions(people, Scope(modalities=("image",), views=1)))

    def asked(checkpoint):
        subject = Subject(conversations.base, checkpoint)
        found = probe(subject, questions, conversations, ProbeSettings(), run="r")
        return [one.logprob for one in found]

    base, broken = asked(None), asked(row)
    scope = Scope(modalities=("image",), views=1)
    back = [r.logprob for r in rows_of("base-projector", row, people, conversations, scope)]
    assert back == pytest.approx(base, abs=1e-3)
    assert broken != pytest.approx(base, abs=1e-1)
    assert asked(row) == pytest.approx(broken, abs=1e-3)
    assert asked(None) == pytest.approx(base, abs=1e-5)
