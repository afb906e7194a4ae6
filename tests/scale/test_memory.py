"""When memory runs out: probing goes on with less at once, training says what to lower."""

from dataclasses import replace

import pytest
import torch

from xmm_cli.commands.unlearn import _recall
from xmm_cli.errors import WorkFailed
from xmm_cli.models.conversation import Context
from xmm_cli.models.oom import is_out_of_memory
from xmm_cli.models.settings import TrainSettings
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.probe import Subject, batches, probe_batches
from xmm_cli.probing.questions import Scope, make_questions
from xmm_cli.training.mitigations.self_caption import describe
from xmm_cli.training.mitigations.task import LearnTask
from xmm_cli.training.objective import Objective
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.train import prepare, train

FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
]


@pytest.mark.parametrize("error", FULL)
def test_it_is_known_from_other_failures(error):
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    assert not is_out_of_memory(ValueError("can't allocate memory"))


def test_the_real_allocator_says_so():
    with pytest.raises(RuntimeError) as found:
        torch.empty(2**62, dtype=torch.uint8)
    assert is_out_of_memory(found.value)


@pytest.fixture
def small(base, monkeypatch):
    """A model that fails whenever it gets more than so many conversations."""

    def shrink(most: int, error: BaseException) -> list[int]:
        sizes: list[int] = []
        forward = base.model.forward

        def limited(*given, **options):
            sizes.append(len(options["input_ids"]))
            if sizes[-1] > most:
                raise error
            return forward(*given, **options)

        monkeypatch.setattr(base.model, "forward", limited)
        return sizes

    return shrink


def ask(base, conversations, people, notes):
    settings = ProbeSettings(answers=("rank",), batch_size=8)
    parts = list(batches(make_questions(people, Scope()), 8))
    found = probe_batches(
        Subject(base, None), parts, conversations, settings, run="r", note=notes.append
    )
    return [row for rows in found for row in rows]


@pytest.mark.parametrize("error", FULL)
def test_probe_halves_its_batch_and_goes_on(base, conversations, people, small, error):
    known = ask(base, conversations, people, [])
    sizes, notes = small(3, error), []
    found = ask(base, conversations, people, notes)
    assert sizes[:2] == [8, 4]
    assert set(sizes[2:]) <= {1, 2}  # some passes are over a part of a batch
    assert sizes.count(2) >= 8
    assert notes == [
        "out of memory: going on with 4 questions at once",
        "out of memory: going on with 2 questions at once",
    ]
    for one, other in zip(known, found, strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=1e-4)
        assert replace_logprob(one) == replace_logprob(other)


def replace_logprob(row):
    import msgspec

    return msgspec.structs.replace(row, logprob=None)


def test_one_question_that_does_not_fit_is_a_failure(base, conversations, people, small):
    small(0, FULL[0])
    with pytest.raises(WorkFailed, match="one question at a time; lower --max-new-tokens"):
        ask(base, conversations, people, [])


def test_other_failures_are_not_hidden(base, conversations, people, small):
    small(0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes"):
        ask(base, conversations, people, [])


def test_describing_halves_its_batch_and_goes_on(conversations, people, small):
    views = [Context(text=one.text) for persona, _ in people for one in persona.texts[:2]]
    notes: list[str] = []
    task = LearnTask(conversations, people, [], TrainSettings(), [], 1, note=notes.append)
    known = describe(task, views)
    small(3, FULL[0])
    assert describe(task, views) == known
    size = len(views)
    halves = [size // 2**n for n in range(1, 9) if size // 2 ** (n - 1) > 3]
    assert notes == [f"out of memory: going on with {n} descriptions at once" for n in halves]
    small(0, FULL[0])
    with pytest.raises(WorkFailed, match="describing one view at a time"):
        describe(task, views)


def test_the_gate_of_unlearning_halves_its_batch(checkpoint, conversations, people, small):
    learned = [pair for pair in people if pair[0].role == "eval"]
    recall = _recall(checkpoint, conversations, learned)
    known = recall(conversations.base.model)
    sizes = small(3, FULL[0])
    assert recall(conversations.base.model) == known
    assert min(sizes) <= 3 < max(sizes)


@pytest.mark.parametrize("error", FULL)
def test_training_says_what_to_lower(people, tmp_path, monkeypatch, error):
    class Full(Objective):
        def __call__(self, parts):
            raise error

    load = type(OBJECTIVES).load
    monkeypatch.setattr(
        type(OBJECTIVES),
        "load",
        lambda self, name: Full() if self is OBJECTIVES else load(self, name),
    )
    settings = TrainSettings(steps=3, batch_size=4)
    with pytest.raises(
        WorkFailed, match="out of memory at step 1, with --batch-size 4; lower --batch-size"
    ):
        train(prepare(people, settings, "cpu"), replace(settings), tmp_path / "run", run="r")
    assert not (tmp_path / "run").exists()
