"""Weights that FSDP2 splits over two processes learn what one process teaches them."""

import json

import pytest
import torch
from accelerate.utils import FullyShardedDataParallelPlugin
from safetensors.torch import load_file

from tests.conftest import new_base
from tests.families.tiny import save
from tests.scale.conftest import ROOT, together
from tests.scale.sharding import LOST
from xmm_cli import app
from xmm_cli.errors import WrongUsage
from xmm_cli.models.adapters.lora import add_adapter
from xmm_cli.training.objective import as_objective
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.run.fsdp import check_floor, set_up
from xmm_cli.training.run.resume import open_partial

FSDP = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",
}
"""As `accelerate launch` sets them; the last two by themselves would spoil a run."""

NEVER = 0


def split(monkeypatch, *arguments, lose_at=NEVER):
    for name, value in FSDP.items():
        monkeypatch.setenv(name, value)
    return together("-m", "tests.scale.sharding", lose_at, 2, *arguments, cwd=ROOT)


def compare(alone, shared):
    found = sorted(path.relative_to(alone) for path in alone.rglob("*"))
    assert sorted(path.relative_to(shared) for path in shared.rglob("*")) == found
    for path in found:
        if path.suffix == ".safetensors":
            one, other = load_file(alone / path), load_file(shared / path)
            assert list(one) == list(other)
            for name, weight in one.items():
                assert weight.dtype == other[name].dtype
                assert float((weight - other[name]).abs().max()) <= 1e-4, (path, name)
        if path.name == "log.jsonl":
            logs = [(folder / path).read_text().splitlines() for folder in (alone, shared)]
            for known, got in zip(*(map(json.loads, log) for log in logs), strict=True):
                assert got == pytest.approx(known, rel=1e-4)


@pytest.mark.slow
def test_train_is_as_in_one_process_and_goes_on(checkpoint, tmp_path, monkeypatch, capfd):
    """Ended at step 5 and gone on with from the state of step 4: at step 1 it would end again."""
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    made = ["train", checkpoint.personas, "--source", "both", "--steps", "6", "--batch-size", "5"]
    made += ["--save-every", "2", "--seed", "3", "--device", "cpu", "--quiet", "--out"]
    assert app.main([*made, str(alone)]) == 0
    done = split(monkeypatch, *made, shared, lose_at=5)
    assert f"exitcode  : {LOST}" in done.stderr.decode()
    assert not shared.exists()
    done = split(monkeypatch, *made, shared, lose_at=1)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    compare(alone, shared)


@pytest.mark.slow
def test_unlearn_is_as_in_one_process(checkpoint, tmp_path, monkeypatch, capfd):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    made = ["unlearn", checkpoint.path, "--through", "text", "--forget", "1", "--gate", "0"]
    made += ["--method", "npo", "--steps", "4", "--batch-size", "3", "--save-every", "2"]
    made += ["--device", "cpu", "--quiet", "--out"]
    assert app.main([*made, str(alone)]) == 0
    done = split(monkeypatch, *made, shared)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    compare(alone, shared)
    done = split(monkeypatch, *made, tmp_path / "floor", "--utility-floor", "0.1")
    assert b"--utility-floor with FSDP" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("family", "adapter"), [("gemma4", "lora"), ("qwen3_vl", "dora")])
def test_other_families(checkpoint, tmp_path, monkeypatch, capfd, family, adapter):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    base = str(save(family, tmp_path / family))
    made = ["train", checkpoint.personas, "--source", "both", "--base", base, "--steps", "3"]
    made += ["--batch-size", "5", "--adapter", adapter, "--device", "cpu", "--quiet", "--out"]
    assert app.main([*made, str(alone)]) == 0
    done = split(monkeypatch, *made, shared)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    compare(alone, shared)


def plugin(**settings):
    return FullyShardedDataParallelPlugin(**({"fsdp_version": 2} | settings))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"fsdp_version": 1}, "its first version"),
        ({"activation_checkpointing": True}, "activation checkpointing"),
        ({"auto_wrap_policy": "SIZE_BASED_WRAP"}, "units by size"),
        ({"cpu_offload": True}, "kept in the CPU's memory"),
    ],
)
def test_settings_that_cannot_be_had(settings, said):
    with pytest.raises(WrongUsage, match=said):
        set_up(plugin(**settings), None, as_objective(OBJECTIVES.load("memorize")))


@pytest.mark.parametrize(
    ("adapter", "method", "said"),
    [
        ({"kind": "full"}, "memorize", "--adapter full"),
        ({"part": "vision+projector"}, "memorize", "training what sees"),
        ({}, "rmu", "asks the model before"),
        ({}, "mmunlearner", "chooses among gradients"),
    ],
)
def test_runs_that_need_whole_weights(adapter, method, said):
    model = add_adapter(new_base(), rank=2, alpha=4.0, dropout=0.0, **adapter)
    with pytest.raises(WrongUsage, match=f"{said}.* under FSDP"):
        set_up(plugin(), model, as_objective(OBJECTIVES.load(method)))


def test_a_floor_is_refused_only_under_fsdp(monkeypatch):
    check_floor(0.5)
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "ACCELERATE_USE_FSDP": "true"}.items():
        monkeypatch.setenv(name, value)
    check_floor(None)
    with pytest.raises(WrongUsage, match="--utility-floor with FSDP"):
        check_floor(0.5)


def test_a_state_is_of_split_weights_or_of_whole_ones(tmp_path, monkeypatch):
    weights, notes = {"a": torch.zeros(2, 3)}, []
    open_partial(tmp_path, weights)
    monkeypatch.setattr("xmm_cli.training.run.resume.asked_for", lambda: True)
    assert open_partial(tmp_path, weights, notes.append) is None
    assert "FSDP split otherwise" in notes[0]
