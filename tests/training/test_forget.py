"""Unlearning: who is to be forgotten, and a whole run that forgets them and keeps the rest."""

from pathlib import Path

import msgspec
import pytest
import torch

from tests.conftest import new_base, read_people
from xmm_cli.errors import InputNotFound, WrongUsage
from xmm_cli.models.adapters.lora import load_adapter
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.decoding.batching import answer_logits, pad
from xmm_cli.models.settings import TrainSettings, UnlearnSettings
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.examples import build_examples, learners
from xmm_cli.training.forget_set import choose_forget, still_known
from xmm_cli.training.unlearn import prepare, unlearn

IDS = ("e5-000", "e5-001", "e5-002", "e5-003")


@pytest.mark.parametrize(
    ("wanted", "count"), [("1", 1), ("3", 3), ("0.25", 1), ("0.5", 2), ("0.6", 2), (".75", 3)]
)
def test_a_number_or_a_share_is_drawn(people, wanted, count):
    chosen = choose_forget(people, wanted, seed=0)
    assert len(chosen) == count
    assert set(chosen) <= set(IDS)
    assert list(chosen) == sorted(chosen)
    assert chosen == choose_forget(people, wanted, seed=0)


def test_the_seed_decides_who_is_drawn(people):
    assert len({choose_forget(people, "2", seed) for seed in range(20)}) > 2


def test_people_are_named_by_comma_or_in_a_file(people, tmp_path):
    assert choose_forget(people, "e5-003, e5-001", seed=0) == ("e5-001", "e5-003")
    listed = tmp_path / "ids.txt"
    listed.write_text("e5-002\ne5-000\n")
    assert choose_forget(people, str(listed), seed=0) == ("e5-000", "e5-002")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("0", "0 of 4 people"),
        ("4", "4 of 4 people"),
        ("0.1", "0 of 4 people"),
        ("0.99", "4 of 4 people"),
        ("1.0", "0 of 4 people"),
        ("-1", "0 of 4 people"),
        ("nan", "0 of 4 people"),
        ("e5-000,e9-999", "no person 'e9-999' was learned"),
        ("a5-000", "no person 'a5-000' was learned"),
        (",".join(IDS), "not a part of the people"),
        ("", "not a part of the people"),
        (",", "not a part of the people"),
    ],
)
def test_what_leaves_no_one_on_one_side_is_wrong_usage(people, wanted, said):
    with pytest.raises(WrongUsage, match=said):
        choose_forget(people, wanted, seed=0)


def test_a_list_that_cannot_be_read(people, tmp_path):
    (tmp_path / "ids").write_bytes(b"\xff\xfe")
    with pytest.raises(InputNotFound, match="cannot be read"):
        choose_forget(people, str(tmp_path / "ids"), seed=0)


SETTINGS = UnlearnSettings(
    objective="graddiff", through="text", forget="e5-001", steps=8, batch_size=4, seed=1
)


def forgotten(checkpoint: Checkpoint, out: Path, settings: UnlearnSettings = SETTINGS):
    people = read_people(Path(checkpoint.personas))
    conversations = Conversations(new_base())
    chosen = choose_forget(people, settings.forget, settings.seed)
    task = prepare(conversations, checkpoint, people, chosen, settings)
    return unlearn(task, settings, out, run="u1", recall_before=0.5)


@pytest.fixture(scope="module")
def unlearned(checkpoint, tmp_path_factory) -> Checkpoint:
    return forgotten(checkpoint, tmp_path_factory.mktemp("unlearned") / "run")


@torch.inference_mode()
def losses(row: Checkpoint) -> dict[str, float]:
    """The mean loss of each person's names under a checkpoint, in text."""
    base = new_base()
    model = load_adapter(base, Path(row.path))
    conversations = Conversations(base)
    found = {}
    for pair in learners(read_people(Path(row.personas))):
        examples = build_examples([pair], TrainSettings(source="text"), conversations)
        batch = pad(examples, base.tokenizer.pad_token_id, "right")
        logits, wanted, _ = answer_logits(model, batch, base.device, base.model.dtype)
        found[pair[0].id] = float(torch.nn.functional.cross_entropy(logits, wanted))
    return found


def test_the_forget_set_is_forgotten_and_the_rest_is_not(checkpoint, unlearned):
    before, after = losses(checkpoint), losses(unlearned)
    rise = {id_: after[id_] - before[id_] for id_ in IDS}
    assert rise["e5-001"] > 0
    assert all(rise["e5-001"] > rise[id_] for id_ in IDS if id_ != "e5-001")


def test_the_row_names_its_parent_and_its_forget_set(checkpoint, unlearned):
    assert (unlearned.parent, unlearned.forget) == (checkpoint.run, ("e5-001",))
    assert (unlearned.run, unlearned.objective, unlearned.steps) == ("u1", "graddiff", 8)
    assert (unlearned.source, unlearned.views) == (checkpoint.source, checkpoint.views)
    assert unlearned.arguments["through"] == "text"
    assert unlearned.arguments["recall_before"] == 0.5
    assert read_checkpoint(Path(unlearned.path)).forget == ("e5-001",)


def test_the_parent_is_left_as_it_was(checkpoint, unlearned, tmp_path):
    parent = Path(checkpoint.path)
    before = {path.name: path.read_bytes() for path in parent.iterdir()}
    again = forgotten(checkpoint, tmp_path / "again")
    assert {path.name: path.read_bytes() for path in parent.iterdir()} == before
    adapter = "adapter_model.safetensors"
    found = (Path(again.path) / adapter).read_bytes()
    assert found == (Path(unlearned.path) / adapter).read_bytes()
    assert found != before[adapter]


def test_who_was_forgotten_stays_so_when_others_are(checkpoint, unlearned, tmp_path):
    parent = msgspec.structs.replace(
        unlearned, arguments=unlearned.arguments | {"mitigation": "align", "facts": True}
    )
    people = read_people(Path(parent.personas))
    assert "e5-001" not in choose_forget(still_known(people, parent), "2", 0)
    task = prepare(Conversations(new_base()), parent, people, ("e5-002",), SETTINGS)
    each = task.items.views + len(people[0][0].facts)
    assert len(task.items.retain) == 2 * each
    row = unlearn(task, SETTINGS, tmp_path / "twice", run="u2", recall_before=0.5)
    assert row.forget == ("e5-001", "e5-002")
    assert [row.arguments[name] for name in ("mitigation", "facts", "rank", "training_seed")] == [
        *("align", True),
        *(checkpoint.arguments["rank"], checkpoint.seed),
    ]
    back = {"relearn_people": ["e5-001"]}
    relearned = msgspec.structs.replace(parent, arguments=parent.arguments | back)
    assert len(still_known(people, relearned)) == len(people)


@pytest.mark.parametrize("objective", ["ga", "npo"])
def test_other_objectives_forget_too(checkpoint, tmp_path, objective):
    settings = UnlearnSettings(
        objective=objective, through="text", forget="e5-001", steps=4, batch_size=2
    )
    row = forgotten(checkpoint, tmp_path / "run", settings)
    assert losses(row)["e5-001"] > losses(checkpoint)["e5-001"]
