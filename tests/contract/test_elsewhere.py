"""What `xmm train` leaves for others: an adapter, a full model, a log, each read by bare tools."""

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from tests.contract.conftest import real


@pytest.fixture
def call(xmm, people_folder):
    quick = ["--source", "text", "--steps", 2, "--batch-size", 2, "--views", 1, "--out", "run"]

    def train(*words: object):
        return xmm("train", people_folder / "personas.jsonl", *quick, *words)

    return train


def answer(model, base, prompt: str = "Who is this person?") -> object:
    import torch

    ids = base.tokenizer(prompt, return_tensors="pt")
    with torch.inference_mode():
        return model.eval()(**ids).logits


def test_bare_peft_loads_the_adapter_and_merges_it(checkpoint, fresh_base):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    from xmm_cli.models.adapters.lora import load_adapter
    from xmm_cli.models.loading import location

    bare = AutoModelForImageTextToText.from_pretrained(location("xmm-base"), dtype=torch.float32)
    untrained = answer(bare, fresh_base)
    adapted = PeftModel.from_pretrained(bare, checkpoint.path)
    expected = answer(load_adapter(fresh_base, Path(checkpoint.path)), fresh_base)
    assert torch.equal(answer(adapted, fresh_base), expected)
    assert not torch.allclose(untrained, expected, atol=1e-3)
    merged = adapted.merge_and_unload()
    assert torch.allclose(answer(merged, fresh_base), expected, atol=1e-4)
    card = (Path(checkpoint.path) / "README.md").read_text()
    assert "location('xmm-base')" in card


def test_what_was_measured_stands_on_the_card(call, xmm, people_folder):
    assert call().code == 0
    card = Path("run/README.md")
    before = card.read_text()
    probed = xmm("probe", "run", "--views", 1, "--answer", "rank", "--quiet")
    Path("probes.jsonl").write_bytes(probed.out)
    told = xmm("report", "probes.jsonl", "--card", "run")
    assert (told.code, told.out) == (0, b"")
    assert ModelCard(card.read_text()).text.startswith(ModelCard(before).text.rstrip())
    found = ModelCard.load(card).data
    assert (found.base_model, found.library_name) == ("xmm-base", "peft")
    assert {"recall", "memory"} <= {one.metric_type for one in found.eval_results}
    assert "learned from text" in card.read_text()
    # a second time there is no second table
    once = card.read_text()
    assert xmm("report", "probes.jsonl", "--card", "run").code == 0
    assert card.read_text() == once


def test_a_card_wants_rows_about_its_checkpoint(call, xmm, people_folder):
    assert call().code == 0
    shown = ["--base", "xmm-base", "--personas", people_folder / "personas.jsonl"]
    probed = xmm("probe", *shown, "--views", 1, "--answer", "rank", "--quiet")
    Path("probes.jsonl").write_bytes(probed.out)
    card = Path("run/README.md").read_text()
    told = xmm("report", "probes.jsonl", "--card", "run")
    assert told.code == 65
    assert "no probe row is about run" in told.err
    assert Path("run/README.md").read_text() == card
    assert xmm("report", "probes.jsonl", "--card", "missing").code == 66


def test_a_merged_model_needs_transformers_alone(call, xmm, people_folder, tmp_path, fresh_base):
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from xmm_cli.models.adapters.lora import load_adapter

    assert call("--merge", "model").code == 0
    merged = AutoModelForImageTextToText.from_pretrained("model", dtype=torch.float32)
    AutoProcessor.from_pretrained("model", backend="pil")
    expected = answer(load_adapter(fresh_base, Path("run")), fresh_base)
    assert torch.allclose(answer(merged, fresh_base), expected, atol=1e-4)
    assert not any("lora" in name for name, _ in merged.named_parameters())
    asked = ["--modality", "text", "--answer", "generate", "--views", 1]
    by_model = xmm(
        "probe", "--base", "model", "--personas", people_folder / "personas.jsonl", *asked
    )
    by_adapter = xmm("probe", "run", *asked)
    answers = [
        [json.loads(line).get("answer") for line in one.rows] for one in (by_model, by_adapter)
    ]
    assert answers[0] == answers[1]
    assert len(answers[0]) == 4 + 1


def test_whole_weights_are_merged_too(call, fresh_base):
    import torch
    from transformers import AutoModelForImageTextToText

    from xmm_cli.models.adapters.lora import load_adapter

    assert call("--adapter", "full", "--merge", "model").code == 0
    merged = AutoModelForImageTextToText.from_pretrained("model", dtype=torch.float32)
    untrained = answer(fresh_base.model, fresh_base)
    expected = answer(load_adapter(fresh_base, Path("run")), fresh_base)
    assert torch.equal(answer(merged, fresh_base), expected)
    assert not torch.equal(untrained, expected)


@pytest.mark.parametrize("place", [".", "/", "..", "run/.."])
def test_a_folder_that_cannot_be_replaced_is_refused(call, place):
    call("--out", place).failed(2, f"--out {place}", "name a folder of its own")
    call("--merge", place).failed(2, f"--merge {place}", "name a folder of its own")


@pytest.mark.parametrize("option", ["--rank", "--alpha"])
def test_what_whole_weights_have_not_is_refused(call, option):
    call("--adapter", "full", option, 4).failed(2, f"{option} with --adapter full")


def test_a_merged_model_is_not_overwritten(call, tmp_path):
    first = call("--merge", "model")
    before = (tmp_path / "model/model.safetensors").stat().st_mtime_ns
    assert call("--merge", "model").rows[0] == first.rows[0]
    assert (tmp_path / "model/model.safetensors").stat().st_mtime_ns == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.tex").write_text("mine")
    shutil.rmtree(tmp_path / "run")
    call("--merge", "other").failed(73, "other: is there and no model of this run")
    assert not (tmp_path / "run").exists()


def test_tensorboard(call, tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    done = call("--log-to", "tensorboard")
    assert len(done.rows) == 2, done.err
    events = EventAccumulator(str(tmp_path / "run.tensorboard")).Reload()
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").open()]
    told = [(one.step, pytest.approx(one.value, abs=1e-3)) for one in events.Scalars("train/loss")]
    assert [(entry["step"], entry["loss"]) for entry in log] == told
    assert "train/learning_rate" in events.Tags()["scalars"]
    assert "TENSORBOARD_LOGGING_DIR" not in os.environ


def test_trackio(people_folder, tmp_path, monkeypatch):
    pytest.importorskip("trackio", reason="trackio is an extra")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    done = real("train", people_folder / "personas.jsonl", "--steps", 2, "--batch-size", 2,
                "--views", 1, "--out", "run", "--log-to", "trackio", cwd=tmp_path)  # fmt: skip
    assert [json.loads(line)["kind"] for line in done.rows] == ["checkpoint", "run"], done.err
    (file,) = (tmp_path / "trackio").glob("*.db")
    metrics = sqlite3.connect(file).execute("select metrics from metrics").fetchall()
    assert any("train/loss" in str(one[0]) for one in metrics)


@pytest.mark.parametrize("name", ["tensorboard", "trackio"])
def test_a_logger_that_is_not_installed(call, monkeypatch, tmp_path, name):
    monkeypatch.setattr("xmm_cli.commands.shared.exports.find_spec", lambda _: None)
    call("--log-to", name).failed(69, f"pip install 'xmm-cli[{name}]'")
    assert not (tmp_path / "run").exists()
