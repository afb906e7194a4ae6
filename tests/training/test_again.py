"""Going on from a checkpoint: who is taught, what the row says, and relearning after unlearning."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.conftest import read_people
from xmm_cli.errors import InputNotFound, WrongUsage
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.labels import labels_of
from xmm_cli.models.settings import TrainSettings
from xmm_cli.rows.people import set_of
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.relearn import Earlier, choose_again, to_rehearse, went_on
from xmm_cli.training.run.saved_steps import along
from xmm_cli.training.train import prepare, train

IDS = ("e5-000", "e5-001", "e5-002", "e5-003")
GONE = ("e5-000", "e5-002", "e5-003")
UNLEARNED = {"objective": "npo", "through": "text", "forget": "3", "save_every": 2}
SETTINGS = TrainSettings(source="image", steps=4, batch_size=4, warmup=1, views=2, seed=7)


@pytest.fixture
def forgetful(checkpoint) -> Checkpoint:
    """The row of a checkpoint that has unlearned three people."""
    return msgspec.structs.replace(
        checkpoint, run="u1", parent="taught", objective="npo", forget=GONE, arguments=UNLEARNED
    )


@pytest.mark.parametrize(
    ("wanted", "count"), [(None, 4), ("1", 1), ("4", 4), ("0.5", 2), ("e5-001", 1)]
)
def test_anyone_may_be_taught_again(people, checkpoint, wanted, count):
    found = choose_again(people, checkpoint, wanted, seed=0)
    assert len(found) == count
    assert set(found) <= set(IDS)
    assert found == choose_again(people, checkpoint, wanted, seed=0)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [("forget", 3), ("forget:2", 2), ("forget:0.34", 1), ("forget:e5-002", 1), ("e5-001", 1)],
)
def test_a_part_of_the_forget_set(people, forgetful, wanted, count):
    found = choose_again(people, forgetful, wanted, seed=0)
    assert len(found) == count
    assert set(found) <= (set(GONE) if wanted.startswith("forget") else {"e5-001"})


def test_the_seed_decides_who(people, forgetful):
    assert len({choose_again(people, forgetful, "forget:1", seed) for seed in range(20)}) == 3


@pytest.mark.parametrize(
    "wanted", ["0", "5", "0.01", "e9-999", ",", "forget:0", "forget:4", "forget:e5-001"]
)
def test_what_is_no_part_is_wrong_usage(people, forgetful, wanted):
    said = f"--only {wanted}: no such part of {3 if 'forget' in wanted else 4} people"
    with pytest.raises(WrongUsage, match=re.escape(said)):
        choose_again(people, forgetful, wanted, seed=0)


def test_there_must_be_a_forget_set(people, checkpoint):
    with pytest.raises(WrongUsage, match="--only forget:2: the checkpoint has no forget set"):
        choose_again(people, checkpoint, "forget:2", seed=0)


def test_a_list_that_cannot_be_read(people, forgetful, tmp_path):
    (tmp_path / "ids").write_bytes(b"\xff\xfe")
    with pytest.raises(InputNotFound, match="cannot be read"):
        choose_again(people, forgetful, str(tmp_path / "ids"), seed=0)


def test_who_was_forgotten_must_be_among_the_people(people, forgetful):
    with pytest.raises(WrongUsage, match="person 'e5-000' of the checkpoint's forget set is not"):
        choose_again(people[1:], forgetful, None, seed=0)


def taught(people, parent: Checkpoint, out: Path, only=IDS, settings=SETTINGS) -> Checkpoint:
    lesson = prepare(people, settings, "cpu", earlier=Earlier(parent, only))
    return train(lesson, settings, out, run="r2")


def test_the_adapter_goes_on_from_where_it_was(people, checkpoint, tmp_path):
    """So little is learned that the weights stay close; a fresh adapter would be far off."""
    import torch
    from safetensors.torch import load_file

    slow = TrainSettings(source="image", steps=1, batch_size=4, learning_rate=1e-9)
    before = load_file(Path(checkpoint.path) / "adapter_model.safetensors")
    row = taught(people, checkpoint, tmp_path / "run", settings=slow)
    after = load_file(Path(row.path) / "adapter_model.safetensors")
    assert all(torch.allclose(after[name], weight, atol=1e-6) for name, weight in before.items())
    assert any(weight.abs().max() > 1e-4 for name, weight in before.items() if "lora_B" in name)


def test_only_they_are_taught(people, checkpoint):
    lesson = prepare(people, SETTINGS, "cpu", earlier=Earlier(checkpoint, ("e5-001", "e5-003")))
    assert [persona.id for persona, _ in lesson.learned] == ["e5-001", "e5-003"]
    assert len(lesson.examples) == 2 * 2
    assert lesson.people == people


def test_the_retain_set_is_rehearsed_beside(people, forgetful, checkpoint, tmp_path):
    """It is taught with them, and stays the retain set; the forgotten are not taught beside."""
    assert to_rehearse(people, forgetful, ("e5-002",)) == ("e5-001",)
    assert to_rehearse(people, checkpoint, ("e5-002",)) == ("e5-000", "e5-001", "e5-003")
    with pytest.raises(WrongUsage, match="no one is left to rehearse"):
        to_rehearse(people, checkpoint, IDS)
    earlier = Earlier(forgetful, ("e5-002",), "forget", ("e5-001",))
    lesson = prepare(people, SETTINGS, "cpu", earlier=earlier)
    assert [persona.id for persona, _ in lesson.learned] == ["e5-001", "e5-002"]
    row = train(lesson, SETTINGS, tmp_path / "run", run="r2")
    assert row.arguments["relearn_people"] == ["e5-002"]
    sets = {persona.id: set_of(row, persona) for persona, _ in people[:4]}
    assert list(sets.values()) == ["forget", "retain", "relearned", "forget"]
    assert labels_of(row)["relearn_rehearsed"] == 1


def test_the_row_of_more_training(people, checkpoint, tmp_path):
    row = taught(people, checkpoint, tmp_path / "run")
    assert (checkpoint.source, row.source) == ("text", "both")
    assert (row.parent, row.run, row.seed, row.steps) == ("taught", "r2", 7, 4)
    assert (row.views, row.objective, row.forget) == (2, "memorize", ())
    assert "relearned" not in row.arguments
    same = TrainSettings(source="text", steps=1, batch_size=4)
    assert taught(people, checkpoint, tmp_path / "same", settings=same).source == "text"


def test_the_row_of_relearning(people, forgetful, tmp_path):
    """It stays a row of the unlearning; each checkpoint on the way says how far it is."""
    every = TrainSettings(
        source="image", steps=4, batch_size=4, warmup=1, views=2, seed=7, save_every=3
    )
    out = tmp_path / "run"
    taught(people, forgetful, out, ("e5-002",), every)
    rows = along(out)
    assert [row.steps for row in rows] == [3, 4]
    for row in rows:
        assert (row.source, row.views, row.objective) == ("text", forgetful.views, "npo")
        assert (row.parent, row.run, row.forget) == ("u1", "r2", GONE)
        again = {
            "relearned": "image",
            "relearn_steps": row.steps,
            "relearn_views": 2,
            "relearn_people": ["e5-002"],
            "relearn_only": 1,
            "relearn_batch_size": 4,
            "relearn_warmup": 1,
            "unlearn_seed": forgetful.seed,
            "unlearned_steps": forgetful.steps,
            "save_every": 3,
        }
        again |= {"relearn_of_steps": 4} if row.steps < 4 else {}
        assert row.arguments == UNLEARNED | again
        assert read_checkpoint(Path(row.path)) == row
    card = (out / "README.md").read_text()
    assert "Since then 1 people were taught again from image, 4 steps." in card
    assert len(read_people(out / "personas.jsonl")) == len(people)


def test_relearning_in_two_runs_adds_up(forgetful, checkpoint):
    mine = msgspec.structs.replace(checkpoint, run="r2", arguments={"save_every": None})
    first = went_on(mine, Earlier(forgetful, ("e5-002",)), 4)
    second = went_on(mine, Earlier(first, ("e5-000",)), 4)
    assert second.arguments["relearn_people"] == ["e5-000", "e5-002"]
    assert second.parent == "r2"


def test_the_parent_is_left_as_it_was(people, checkpoint, tmp_path):
    folder = Path(checkpoint.path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    taught(people, checkpoint, tmp_path / "run")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
