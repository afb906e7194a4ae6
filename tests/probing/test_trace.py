"""Inside the model: its own states, its own output layer, and a row for everyone at every layer."""

import json
from collections import Counter
from types import SimpleNamespace

import msgspec
import pytest
import torch

from tests.conftest import TINY
from xmm_cli.app import main
from xmm_cli.errors import BadData
from xmm_cli.models.decoding.batching import model_inputs, pad
from xmm_cli.probing.probe import ProbeSettings, Subject
from xmm_cli.probing.questions import Scope, make_questions
from xmm_cli.probing.states import Lens, find_states
from xmm_cli.probing.trace import trace
from xmm_cli.rows.types import Trace

LAYERS = 4


@pytest.fixture
def rows(base, conversations, people, checkpoint):
    def find(trained=True, row=None, seed=0, **settings):
        subject = Subject(base, (row or checkpoint) if trained else None)
        questions = list(make_questions(people, Scope()))
        chosen = ProbeSettings(**settings)
        return list(trace(subject, questions, conversations, chosen, run="t1", seed=seed))

    return find


def output_layer(tokens, norm=None):
    """A model of width 3 whose output layer has one token for each direction."""
    head = torch.nn.Linear(3, 4, bias=False)
    head.weight.data = torch.cat([torch.eye(3), torch.tensor([[1.0, 0, 0]])])
    decoder = SimpleNamespace() if norm is None else SimpleNamespace(norm=norm)
    model = SimpleNamespace(get_decoder=lambda: decoder, get_output_embeddings=lambda: head)
    return Lens(model, tokens)


def test_the_lens_tells_whose_token_is_above_all_others():
    lens = output_layer([0, 1, 2])
    hidden = torch.tensor([[2.0, 1, 0], [2.0, 1, 0], [1.0, 1, 0]])
    assert lens.tells(hidden, torch.tensor([0, 1, 0])).tolist() == [True, False, False]


def test_the_lens_compares_nothing_but_its_tokens():
    lens = output_layer([1, 2])
    assert lens.tells(torch.tensor([[9.0, 1, 0]]), torch.tensor([0])).tolist() == [True]


def test_the_lens_counts_ties_against_the_right_one():
    assert output_layer([0, 3]).tells(torch.ones(1, 3), torch.tensor([0])).tolist() == [False]


def test_the_lens_reads_through_the_final_norm():
    lens = output_layer([0, 1, 2], norm=torch.neg)
    hidden = torch.tensor([[2.0, 1, 0]])
    assert lens.logits(hidden).tolist() == [[-2.0, -1.0, 0.0]]
    assert lens.tells(hidden, torch.tensor([2])).tolist() == [True]


def test_the_states_are_the_models_whatever_stands_beside_them(base, conversations, people):
    asked = list(make_questions(people, Scope()))[6:10]
    prompts = [conversations.encode(q.context, q.asked.question) for q in asked]
    lens = Lens(base.model, range(20))
    whole = find_states(base, base.model, [prompts], [[0] * 4], lens)
    assert whole.hidden.shape == (LAYERS + 1, 4, base.model.config.text_config.hidden_size)
    assert whole.told.shape == (LAYERS + 1, 4)
    for number, prompt in enumerate(prompts):
        inputs = model_inputs(pad([prompt], 0, "left"), base.device, base.model.dtype)
        with torch.inference_mode():
            output = base.model(**inputs, output_hidden_states=True)
        for layer in range(LAYERS):
            expected = output.hidden_states[layer][0, -1]
            assert torch.allclose(whole.hidden[layer, number], expected, atol=1e-4)
        found = lens.logits(whole.hidden[LAYERS, number : number + 1])
        assert torch.allclose(found[0], output.logits[0, -1, :20], atol=1e-3)


def test_every_layer_has_its_rows(rows, checkpoint):
    found = rows()
    kinds = Counter((row.measure, row.layer, row.modality) for row in found)
    for layer in range(LAYERS + 1):
        for modality in ("image", "text"):
            assert kinds["retrieval", layer, modality] == 4
            assert kinds["decodable", layer, modality] == 4
        assert kinds["alignment", layer, None] == (layer > 0)
    for row in found:
        assert (row.checkpoint, row.base, row.source) == (checkpoint.path, "xmm-base", "text")
        assert (row.run, row.layers, row.set) == ("t1", LAYERS, None)
        assert (row.persona is None) == (row.measure == "alignment")
        assert 0 <= row.value <= 1
        assert row.n == (4 if row.measure == "alignment" else 2)
        assert row.condition == {"base": "xmm-base"} | TINY


def test_chances(rows, conversations, people):
    found = rows()
    first = {conversations.answer_ids(p.name)[0] for p, _ in people if p.role == "eval"}
    assert {row.chance for row in found if row.measure == "retrieval"} == {0.25}
    assert {row.chance for row in found if row.measure == "decodable"} == {round(1 / len(first), 6)}
    assert all(0 < row.chance < 1 for row in found if row.measure == "alignment")


def test_the_embeddings_of_one_token_tell_no_one_apart(rows):
    start = [row for row in rows() if row.layer == 0]
    assert {row.value for row in start if row.measure == "retrieval"} == {0}
    assert sum(row.value for row in start if row.measure == "decodable") <= 2


def test_batches_and_adapters_leave_no_trace(rows):
    whole, bare = rows(), rows(trained=False)
    assert rows(batch_size=3) == whole
    assert rows() == whole
    assert rows(trained=False) == bare
    assert [row.value for row in bare] != [row.value for row in whole]
    assert {(row.checkpoint, row.source) for row in bare} == {(None, None)}


def test_the_seed_decides_the_chance_of_alignment_alone(rows):
    here, there = rows(), rows(seed=1)
    assert here != there
    for one, other in zip(here, there, strict=True):
        if one.measure == "alignment":
            other = msgspec.structs.replace(other, chance=one.chance)
        assert one == other


def test_rows_say_who_was_to_be_forgotten(rows, checkpoint):
    found = rows(row=msgspec.structs.replace(checkpoint, forget=("e5-001",)))
    sets = {row.persona: row.set for row in found}
    assert sets.pop(None) is None
    assert sets == {"e5-000": "retain", "e5-001": "forget", "e5-002": "retain", "e5-003": "retain"}


def test_both_modalities_are_needed(base, conversations, people):
    questions = list(make_questions(people, Scope(modalities=("text",))))
    subject = Subject(base, None)
    with pytest.raises(BadData, match="no views in image"):
        list(trace(subject, questions, conversations, ProbeSettings(), run="t"))


def test_the_command_writes_trace_rows(checkpoint, capfd):
    assert main(["probe", checkpoint.path, "--trace", "--untrained", "--views", "1", "-q"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    *lines, run = out.splitlines()
    found = [msgspec.json.decode(line, type=Trace) for line in lines]
    assert {row.checkpoint for row in found} == {None, checkpoint.path}
    assert {row.n for row in found if row.persona} == {1}
    assert json.loads(run)["id"] == found[0].run


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--task", "fact"], "--trace with --task"),
        (["--control", "blank"], "--trace with --control"),
        (["--asking", "describe-first"], "--trace with --asking"),
        (["--modality", "text"], "--trace in one modality"),
        (["--answer", "both"], "--answer with --trace"),
        (["--tokens"], "--tokens with --trace"),
        (["--max-new-tokens", "24"], "--max-new-tokens with --trace"),
    ],
)
def test_what_a_trace_knows_nothing_of_is_refused(checkpoint, capfd, flags, said):
    assert main(["probe", checkpoint.path, "--trace", *flags]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert said in err


def test_the_hook_that_catches_the_last_layer_is_off_again(rows, base):
    rows(trained=False)
    assert not base.model.get_decoder().norm._forward_pre_hooks
