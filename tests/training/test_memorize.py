"""A whole run: it learns, the seed decides it, and an interruption costs nothing."""

import json
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
import torch

from tests.conftest import new_base, read_people
from xmm_cli.errors import CannotWrite, WorkFailed
from xmm_cli.models.adapters.lora import load_adapter, remove_adapter
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.decoding.batching import answer_logits, pad
from xmm_cli.models.settings import TrainSettings, told
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.examples import build_examples, learners
from xmm_cli.training.run import loop
from xmm_cli.training.run.saved_steps import along
from xmm_cli.training.train import prepare, train

SETTINGS = TrainSettings(source="text", steps=12, batch_size=4, warmup=2, rank=4, alpha=8.0, seed=3)
FILES = {
    "README.md",
    "adapter_config.json",
    "adapter_model.safetensors",
    "log.jsonl",
    "personas.jsonl",
    "xmm.json",
}


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Log every two steps, save every four: what happens every hundred, sooner."""
    monkeypatch.setattr(loop, "_LOG_EVERY", 2)
    monkeypatch.setattr(loop, "_SAVE_EVERY", 4)


def run(people, out: Path, settings: TrainSettings = SETTINGS, **options) -> Checkpoint:
    return train(prepare(people, settings, "cpu"), settings, out, run="r1", **options)


def changed(**options) -> TrainSettings:
    return TrainSettings(**(asdict(SETTINGS) | options))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def uninterrupted(people, tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_LOG_EVERY", 2)
        patch.setattr(loop, "_SAVE_EVERY", 4)
        out = tmp_path_factory.mktemp("trained") / "run"
        run(people, out)
    return out


def log_of(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_the_folder_holds_what_the_contract_says_and_nothing_else(uninterrupted):
    assert set(files(uninterrupted)) == FILES
    assert [path.name for path in uninterrupted.parent.iterdir()] == ["run"]
    modes = {path.stat().st_mode & 0o777 for path in uninterrupted.iterdir()}
    assert len(modes) == 1


def test_the_loss_falls(uninterrupted):
    log = log_of(uninterrupted)
    assert [entry["step"] for entry in log] == [2, 4, 6, 8, 10, 12]
    assert log[-1]["loss"] < 0.9 * log[0]["loss"]
    rates = [entry["learning_rate"] for entry in log]
    assert max(rates) <= SETTINGS.learning_rate
    assert rates[1:] == sorted(rates[1:], reverse=True)


def test_what_was_learned_is_what_was_shown(uninterrupted, people, fresh_base):
    """The adapter lowers the loss of the examples, measured apart from the loop."""
    from xmm_cli.models.conversation import Conversations

    rows = build_examples(learners(people), SETTINGS, Conversations(fresh_base))
    batch = pad(rows, fresh_base.tokenizer.pad_token_id, "right")

    @torch.inference_mode()
    def loss(model) -> float:
        logits, wanted, _ = answer_logits(model, batch, torch.device("cpu"), torch.float32)
        return float(torch.nn.functional.cross_entropy(logits, wanted))

    before = loss(fresh_base.model)
    model = load_adapter(fresh_base, uninterrupted)
    assert loss(model) < 0.9 * before


def test_the_row_and_its_file(people, uninterrupted, base, tmp_path):
    saved = msgspec.json.decode((uninterrupted / "xmm.json").read_bytes(), type=Checkpoint)
    assert (saved.path, saved.personas) == (".", "personas.jsonl")
    assert (saved.run, saved.base, saved.revision) == ("r1", "xmm-base", base.revision)
    assert (saved.source, saved.objective, saved.steps) == ("text", "memorize", 12)
    assert (saved.views, saved.seed, saved.parent, saved.forget) == (3, 3, None, ())
    assert saved.arguments == told(SETTINGS)
    tail = [entry["loss"] for entry in log_of(uninterrupted)[-3:]]
    assert saved.loss == pytest.approx(sum(tail) / 3, abs=1e-6)
    found = read_checkpoint(uninterrupted)
    assert Path(found.path).samefile(uninterrupted)
    assert Path(found.personas).samefile(uninterrupted / "personas.jsonl")


def test_the_people_come_along_and_lead_to_their_pictures(people, uninterrupted):
    saved = read_people(uninterrupted / "personas.jsonl")
    assert [persona.id for persona, _ in saved] == [persona.id for persona, _ in people]
    for (one, folder), (other, home) in zip(saved, people, strict=True):
        assert one.texts == other.texts
        for view, original in zip(one.images, other.images, strict=True):
            assert not Path(view.path).is_absolute()
            assert (folder / view.path).samefile(home / original.path)


def test_the_card_says_what_it_is(uninterrupted):
    card = (uninterrupted / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: peft\nbase_model: xmm-base\n")
    assert "# 4 people, learned from text" in card
    assert "| learning_rate | 0.002 |" in card


def test_the_configuration_names_the_base_and_is_in_order(uninterrupted):
    config = json.loads((uninterrupted / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "xmm-base"
    assert config["target_modules"] == sorted(config["target_modules"])
    assert (config["r"], config["lora_alpha"]) == (4, 8.0)


def test_plain_peft_loads_it(uninterrupted, people, fresh_base):
    from peft import PeftModel

    from xmm_cli.models.conversation import Conversations

    rows = build_examples(learners(people), SETTINGS, Conversations(fresh_base))[:4]
    batch = pad(rows, fresh_base.tokenizer.pad_token_id, "right")

    @torch.inference_mode()
    def logits(model) -> torch.Tensor:
        return answer_logits(model, batch, torch.device("cpu"), torch.float32)[0].clone()

    bare = logits(fresh_base.model)
    model = load_adapter(fresh_base, uninterrupted)
    ours = logits(model)
    remove_adapter(model)
    plain = PeftModel.from_pretrained(new_base().model, str(uninterrupted)).eval()
    assert torch.equal(logits(plain), ours)
    assert not torch.allclose(ours, bare, atol=1e-2)


def test_the_same_seed_gives_the_same_bytes(people, uninterrupted, tmp_path):
    # pictures stay where they are, so the folder must be as deep for its paths to be the same
    out = uninterrupted.parent / "again"
    run(people, out)
    assert files(out) == files(uninterrupted)
    other = uninterrupted.parent / "other"
    run(people, other, changed(seed=4))
    assert files(other)["adapter_model.safetensors"] != files(out)["adapter_model.safetensors"]


@pytest.mark.parametrize("at", [2, 6, 8, 12])
def test_an_interrupted_run_goes_on_to_the_same_adapter(people, uninterrupted, tmp_path, at):
    out = tmp_path / "run"

    def stop(step: int, _loss: float) -> None:
        if step == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(people, out, stepped=stop)
    assert not out.exists()
    saved = sorted(tmp_path.glob(".run.r1.partial/checkpoint-*"))
    assert [path.name for path in saved] == ([] if at < 4 else [f"checkpoint-{(at - 1) // 4 * 4}"])

    steps = []
    run(people, out, stepped=lambda step, _loss: steps.append(step))
    assert steps[0] == (2 if at < 4 else (at - 1) // 4 * 4 + 2)
    known = files(uninterrupted)
    for name in FILES - {"personas.jsonl"}:
        assert files(out)[name] == known[name], name
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_that_was_only_not_put_in_place_is_not_trained_on(people, uninterrupted, tmp_path):
    """All steps were done when it ended: going on must not add one."""
    out = tmp_path / "run"

    def occupy(step: int, _loss: float) -> None:
        if step == 12:
            out.mkdir()
            (out / "theirs").write_text("")

    with pytest.raises(CannotWrite, match="not empty"):
        run(people, out, stepped=occupy)
    (out / "theirs").unlink()
    run(people, out)
    known = files(uninterrupted)
    for name in FILES - {"personas.jsonl"}:
        assert files(out)[name] == known[name], name


def test_a_folder_is_only_replaced_on_demand(people, tmp_path):
    out = tmp_path / "run"
    quick = changed(steps=2)
    run(people, out, quick)
    before = files(out)
    with pytest.raises(CannotWrite, match="not empty"):
        run(people, out, changed(steps=2, seed=9))
    assert files(out) == before
    run(people, out, changed(steps=2, seed=9), overwrite=True)
    assert files(out)["adapter_model.safetensors"] != before["adapter_model.safetensors"]
    assert set(files(out)) == FILES


def test_learning_nothing_is_a_failure(people, tmp_path):
    with pytest.raises(WorkFailed, match="nothing was learned"):
        run(people, tmp_path / "run", changed(steps=2, learning_rate=0.0))
    assert not (tmp_path / "run").exists()


def test_a_run_that_diverges_is_a_failure(people, tmp_path):
    with pytest.raises(WorkFailed, match=r"training diverged.*try a lower --lr"):
        run(people, tmp_path / "run", changed(steps=12, learning_rate=1e30))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("source", ["image", "both"])
def test_pictures_are_learned_from_too(people, tmp_path, source):
    row = run(people, tmp_path / "run", changed(source=source, steps=6))
    log = log_of(tmp_path / "run")
    assert row.source == source
    assert log[-1]["loss"] < log[0]["loss"]


def test_a_batch_without_pictures_teaches_nothing_to_what_sees(people, tmp_path):
    """With one view a step, half of the steps of `both` have no picture."""
    settings = changed(source="both", train="projector", batch_size=1, steps=6)
    row = run(people, tmp_path / "run", settings)
    assert (row.source, row.steps) == ("both", 6)


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"steps": 7}, 7),
        ({"epochs": 1.0}, 3),  # 12 examples, 4 a step
        ({"epochs": 2.5, "batch_size": 5}, 8),  # 3 steps an epoch
        ({"epochs": 0.01}, 1),
    ],
)
def test_epochs_decide_the_steps(people, settings, steps):
    wanted = changed(**settings)
    assert prepare(people, wanted, "cpu").steps(wanted) == steps


def test_checkpoints_are_left_along_the_way(people, uninterrupted):
    """Each is whole, with its own step and log; the last is the run's own."""
    out = uninterrupted.parent / "along"
    final = run(people, out, changed(save_every=5))
    assert sorted(path.name for path in (out / "steps").iterdir()) == ["0005", "0010"]
    rows = along(out)
    assert [row.steps for row in rows] == [5, 10, 12]
    assert rows[-1] == final
    assert {row.run for row in rows} == {"r1"}
    for row in rows[:-1]:
        folder = Path(row.path)
        assert set(files(folder)) == FILES
        assert log_of(folder)[-1]["step"] == row.steps
        persona, home = read_people(folder / "personas.jsonl")[0]
        assert (home / persona.images[0].path).is_file()
        load_adapter(new_base(), folder)
    adapter = "adapter_model.safetensors"
    assert (out / adapter).read_bytes() == files(uninterrupted)[adapter]
    assert not list(out.parent.glob(".along*"))


def test_checkpoints_along_the_way_survive_an_interruption(people, tmp_path):
    def stop(step: int, _loss: float) -> None:
        if step == 10:
            raise KeyboardInterrupt

    whole, broken = tmp_path / "a", tmp_path / "b"
    settings = changed(save_every=3)
    run(people, whole, settings)
    with pytest.raises(KeyboardInterrupt):
        run(people, broken, settings, stepped=stop)
    assert not broken.exists()
    run(people, broken, settings)
    rows = [along(whole), along(broken)]
    assert [[row.steps for row in one] for one in rows] == [[3, 6, 9, 12]] * 2
    for one, other in zip(*rows, strict=True):
        for name in FILES:
            assert (Path(one.path) / name).read_bytes() == (Path(other.path) / name).read_bytes()
