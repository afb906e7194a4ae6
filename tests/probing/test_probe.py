"""Probing: one row a question, the same whatever the batch, and never on another base."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from tests.conftest import TINY
from xmm_cli.errors import BadData
from xmm_cli.models.conversation import Conversations
from xmm_cli.probing.probe import ProbeSettings, Subject, check_base, probe
from xmm_cli.probing.questions import Scope, make_questions
from xmm_cli.rows.match import exact_match


@pytest.fixture
def ask(fresh_base, people, checkpoint):
    """Probe rows of the tiny checkpoint, or of the base alone."""
    conversations = Conversations(fresh_base)

    def rows(trained=True, scope=None, row=None, **settings):
        subject = Subject(fresh_base, (row or checkpoint) if trained else None)
        questions = make_questions(people, scope or Scope())
        chosen = ProbeSettings(**({"max_new_tokens": 6} | settings))
        return list(probe(subject, questions, conversations, chosen, run="p1"))

    rows.base = fresh_base
    return rows


def test_a_row_says_who_was_asked_what_and_what_came(ask, people, checkpoint):
    rows = ask()
    assert len(rows) == 2 * 4 * 2
    by_id = {persona.id: persona for persona, _ in people}
    for row in rows:
        persona = by_id[row.persona]
        assert (row.checkpoint, row.base, row.source) == (checkpoint.path, "xmm-base", "text")
        assert (row.task, row.hops, row.role, row.set) == ("name", 1, "eval", None)
        assert (row.split, row.expected, row.run) == ("heldout", persona.name, "p1")
        assert row.answer is not None
        assert row.correct == exact_match(row.answer, persona.name)
        assert row.candidates == 4
        assert 1 <= row.rank <= 4
        assert row.logprob < 0
        assert row.condition == {"base": "xmm-base"} | TINY


def test_the_base_alone_is_asked_the_same(ask):
    trained, bare = ask(), ask(trained=False)
    asked = ("persona", "modality", "view", "question", "expected", "candidates")
    for one, other in zip(trained, bare, strict=True):
        assert all(getattr(one, name) == getattr(other, name) for name in asked)
        assert (other.checkpoint, other.source) == (None, None)
        assert other.condition == {"base": "xmm-base"}
    assert [row.logprob for row in trained] != [row.logprob for row in bare]


def test_ranks_are_the_order_of_the_logprobs(fresh_base, people, checkpoint):
    """Ask every view with each of the four names as the right one."""
    measured = [pair for pair in people if pair[0].role == "eval"]
    names = [persona.name for persona, _ in measured]
    settings = ProbeSettings(answers=("rank",))
    conversations, subject = Conversations(fresh_base), Subject(fresh_base, checkpoint)
    found = defaultdict(list)
    for turn in range(4):
        renamed = [
            (msgspec.structs.replace(persona, name=names[(number + turn) % 4]), folder)
            for number, (persona, folder) in enumerate(measured)
        ]
        questions = make_questions(renamed, Scope())
        for row in probe(subject, questions, conversations, settings, run="p"):
            found[row.persona, row.modality, row.view].append((row.logprob, row.rank))
    assert len(found) == 16
    for ranked in found.values():
        assert [rank for _, rank in sorted(ranked, reverse=True)] == [1, 2, 3, 4]


@pytest.mark.parametrize("size", [1, 3])
def test_the_batch_size_changes_nothing(ask, size):
    whole, parts = ask(batch_size=32), ask(batch_size=size)
    for one, other in zip(whole, parts, strict=True):
        assert other.logprob == pytest.approx(one.logprob, abs=1e-4)
        assert msgspec.structs.replace(other, logprob=one.logprob) == one


def test_only_what_is_wanted_is_asked_for(ask):
    for row in ask(answers=("generate",)):
        assert (row.rank, row.candidates, row.logprob) == (None, None, None)
        assert row.answer is not None
    for row in ask(answers=("rank",)):
        assert (row.answer, row.correct) == (None, None)
        assert row.rank is not None


def test_an_answer_is_as_long_as_allowed(ask):
    short = ask(max_new_tokens=1, answers=("generate",))
    long = ask(max_new_tokens=6, answers=("generate",))
    assert all(b.answer.startswith(a.answer) for a, b in zip(short, long, strict=True))
    assert sum(len(row.answer) for row in short) < sum(len(row.answer) for row in long)


def test_attributes_are_ranked_among_their_own_values(ask, people):
    scope = Scope(task="attribute", modalities=("text",))
    rows = ask(scope=scope, answers=("rank",))
    assert len(rows) == 4 * 2 * 7
    for row in rows:
        kinds = [a for a in people[0][0].attributes if a.replace("_", " ") in row.question]
        (attribute,) = [max(kinds, key=len)]
        values = {p.attributes[attribute] for p, _ in people if p.role == "eval"}
        assert row.candidates == len(values)


def test_rows_say_who_was_to_be_forgotten(ask, checkpoint):
    row = msgspec.structs.replace(checkpoint, forget=("e5-001", "e5-003"))
    found = {one.persona: one.set for one in ask(row=row, answers=("rank",))}
    assert found == {
        "e5-000": "retain",
        "e5-001": "forget",
        "e5-002": "retain",
        "e5-003": "forget",
    }


def test_labels_given_by_hand_win(ask):
    (row, *_) = ask(answers=("rank",), labels={"views": 9, "size": "small"})
    assert row.condition == {"base": "xmm-base"} | TINY | {"views": 9, "size": "small"}


def test_rows_come_batch_by_batch(fresh_base, people):
    subject, scope = Subject(fresh_base, None), Scope(modalities=("text",))
    asked = []

    def questions():
        for question in make_questions(people, scope):
            asked.append(question)
            yield question

    settings = ProbeSettings(answers=("rank",), batch_size=2)
    rows = probe(subject, questions(), Conversations(fresh_base), settings, run="p")
    next(rows)
    assert len(asked) < 4


def test_the_adapter_is_off_again_however_it_ends(ask, fresh_base, people, checkpoint):
    before = {name: weight.clone() for name, weight in fresh_base.model.state_dict().items()}
    ask(answers=("rank",))
    rows = probe(
        Subject(fresh_base, checkpoint),
        make_questions(people, Scope()),
        Conversations(fresh_base),
        ProbeSettings(answers=("rank",), batch_size=1),
        run="p",
    )
    next(rows)
    rows.close()
    after = fresh_base.model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_another_base_is_refused(base, checkpoint):
    check_base(base, checkpoint)
    check_base(base, msgspec.structs.replace(checkpoint, revision=None))
    with pytest.raises(BadData, match="trained on base other, not xmm-base; leave --base out"):
        check_base(base, msgspec.structs.replace(checkpoint, base="other", revision="0" * 16))
    check_base(base, msgspec.structs.replace(checkpoint, base="moved"))  # the same weights
    with pytest.raises(BadData, match=r"other weights of xmm-base \(0{16}, here .*--overwrite"):
        check_base(base, msgspec.structs.replace(checkpoint, revision="0" * 16))
    with pytest.raises(BadData, match="other weights"):
        check_base(replace(base, revision="1" * 16), checkpoint)


def test_it_is_refused_before_anything_is_asked(ask, checkpoint):
    with pytest.raises(BadData, match="other weights"):
        ask(row=msgspec.structs.replace(checkpoint, revision="0" * 16))
    assert not hasattr(ask.base.model, "peft_config")
    assert Path(checkpoint.path).is_dir()


def test_tokens_are_the_steps_of_the_log_probability(ask):
    plain = ask(answers=("rank",))
    rows = ask(answers=("rank",), tokens=True)
    for row, without in zip(rows, plain, strict=True):
        assert sum(row.token_logprobs) == pytest.approx(row.logprob, abs=1e-3)
        assert row.rank == without.rank
        assert row.logprob == pytest.approx(without.logprob, abs=1e-4)  # read otherwise
        assert row.wrong_logprob < 0
        assert (without.token_logprobs, without.wrong_logprob) == (None, None)


def test_wrong_answers_by_token_by_hand():
    from xmm_cli.models.decoding.rank import path_sums
    from xmm_cli.models.decoding.tree import build_tree
    from xmm_cli.probing.answering import Reply, _keep_tokens

    tree = build_tree([[1, 2], [1, 3, 4], [5]])
    steps = torch.tensor([[-1.0, -2.0, -3.0, -4.0, -0.5]])
    reply = Reply("Who is it?")
    _keep_tokens(reply, steps[0], path_sums(steps, tree)[0], tree, 0)
    assert reply.token_logprobs == (-1.0, -2.0)
    wrong = torch.tensor([(-1.0 - 3 - 4) / 3, -0.5]).exp().mean().log()
    assert reply.wrong_logprob == pytest.approx(float(wrong), abs=1e-5)


def test_the_first_half_of_the_answer_is_given_and_the_rest_told(ask):
    rows = ask(answers=(), prefix=True, max_new_tokens=12)
    assert len(rows) == 2 * 4 * 2
    for row in rows:
        assert (row.correct, row.rank, row.logprob) == (None, None, None)
        assert row.prefix
        assert row.expected.startswith(row.prefix)
        assert len(row.prefix) < len(row.expected)
        assert row.answer.startswith(row.prefix)
        assert row.extracted == exact_match(row.answer, row.expected)
    alone = ask(answers=(), prefix=True, max_new_tokens=12, batch_size=1)
    assert rows == alone
