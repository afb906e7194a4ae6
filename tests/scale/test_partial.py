"""The hidden folder of an unfinished run: gone on from only where that gives the same result."""

import json

import pytest
import torch

from xmm_cli.training.run.resume import open_partial

WEIGHTS = {"a": torch.zeros(2, 3)}


def state(partial, step: int, whole: bool = True):
    folder = partial / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "trainer_state.json").write_text("{}")
    if whole:
        (folder / "whole").touch()
    return folder


def test_the_last_whole_state_counts(tmp_path):
    partial = tmp_path / "p"
    assert open_partial(partial, WEIGHTS) is None
    state(partial, 100)
    last = state(partial, 200)
    state(partial, 1000, whole=False)
    notes = []
    assert open_partial(partial, WEIGHTS, notes.append) == str(last)
    assert not (partial / "checkpoint-1000").exists()
    assert notes == []


@pytest.mark.parametrize("change", ["code", "torch", "weights", None])
def test_a_state_of_other_code_is_thrown_away_with_a_note(tmp_path, change):
    partial, notes = tmp_path / "p", []
    open_partial(partial, WEIGHTS)
    state(partial, 100)
    made_by = partial / "made-by.json"
    if change is None:
        made_by.unlink()  # before there was such a file
    else:
        made_by.write_text(json.dumps(json.loads(made_by.read_text()) | {change: "other"}))
    assert open_partial(partial, WEIGHTS, notes.append) is None
    assert len(notes) == 1
    assert "another version of xmm or its libraries" in notes[0]
    assert not (partial / "checkpoint-100").exists()
    assert open_partial(partial, WEIGHTS, notes.append) is None
    assert len(notes) == 1


def test_another_adapter_is_another_run(tmp_path):
    open_partial(tmp_path, WEIGHTS)
    state(tmp_path, 100)
    assert open_partial(tmp_path, {"a": torch.zeros(4, 3)}) is None
