"""Every method through a whole run, and what a run leaves behind along its way."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import pad as padded

from tests.conftest import new_base, read_people
from xmm_cli.errors import GateTripped, WorkFailed, WrongUsage
from xmm_cli.models.adapters.lora import adapter_norm, load_adapter
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import IGNORED, Conversations
from xmm_cli.models.decoding.batching import model_inputs
from xmm_cli.models.settings import UnlearnSettings
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import Collator, answers, split
from xmm_cli.training.forget_set import choose_forget, choose_retain
from xmm_cli.training.keeper import UnlearnTask
from xmm_cli.training.objectives import METHODS, RETRAIN, UNLEARNING
from xmm_cli.training.retrain import prepare_again, trained_how
from xmm_cli.training.run import loop
from xmm_cli.training.run.reference_model import ReferenceModel
from xmm_cli.training.run.saved_steps import STEPS, along, hidden_folder, settle
from xmm_cli.training.unlearn import NOT_KNOWING, prepare, unlearn

SETTINGS = UnlearnSettings(
    objective="graddiff", through="text", forget="e5-001", steps=4, batch_size=2, seed=1
)
WEIGHTS = "adapter_model.safetensors"


def made(checkpoint: Checkpoint, settings: UnlearnSettings, retain=None) -> UnlearnTask:
    people = read_people(Path(checkpoint.personas))
    forget = choose_forget(people, settings.forget, settings.seed)
    make = prepare_again if settings.objective == RETRAIN else prepare
    return make(Conversations(new_base()), checkpoint, people, forget, settings, retain=retain)


def forgotten(checkpoint: Checkpoint, out: Path, settings=SETTINGS, **options) -> Checkpoint:
    task = made(checkpoint, settings)
    return unlearn(task, settings, out, run="u1", recall_before=0.5, **options)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("method", METHODS)
def test_every_method_leaves_a_checkpoint(checkpoint, tmp_path, method):
    settings = replace(SETTINGS, objective=method)
    row = forgotten(checkpoint, tmp_path / "run", settings)
    assert (row.objective, row.forget) == (method, ("e5-001",))
    assert row.steps == (checkpoint.steps if method == RETRAIN else 4)
    assert row.loss is not None
    assert math.isfinite(row.loss)
    model = load_adapter(new_base(), Path(row.path))
    assert list(model.peft_config) == ["default"]
    assert adapter_norm(model) > 0
    parent = (Path(checkpoint.path) / WEIGHTS).read_bytes()
    assert (Path(row.path) / WEIGHTS).read_bytes() != parent


@pytest.mark.parametrize("method", UNLEARNING)
def test_no_loss_depends_on_padding(checkpoint, method):
    """The same batch with more padding: means run over answer tokens alone."""
    task = made(checkpoint, replace(SETTINGS, objective=method))
    base, objective = task.base, task.objective
    batch = Collator(base.tokenizer.pad_token_id)([task.items[0], task.items[1]])
    longer = dict(batch)
    for key, value in batch.items():
        if isinstance(value, torch.Tensor):
            filler = {"input_ids": base.tokenizer.pad_token_id, "labels": IGNORED}.get(key, 0)
            longer[key] = padded(value, (0, 7), value=filler)
    before = ReferenceModel(task.model)
    for weight in task.model.parameters():
        if weight.requires_grad:
            weight.data += 0.01

    def loss(given: dict) -> float:
        state = objective.state()
        asked = (task.model, given, base.device, base.model.dtype, objective.needs.layer)
        with before.there():
            known = answers(*asked)
        with torch.no_grad():
            found = float(objective(split(answers(*asked), given, known)))
        objective.restore(state)
        return found

    assert loss(longer) == pytest.approx(loss(batch), rel=1e-4, abs=1e-6)


def test_parts_are_the_answers_and_told_from_the_place_before(checkpoint):
    task = made(checkpoint, replace(SETTINGS, objective="rmu"))
    base, item = task.base, task.items[0]
    batch = Collator(base.tokenizer.pad_token_id)([item])
    parts = split(answers(task.model, batch, base.device, base.model.dtype, 0.5), batch)
    inputs = model_inputs(batch, base.device, base.model.dtype)
    with torch.no_grad():
        whole = task.model(**inputs, output_hidden_states=True, use_cache=False)
    layers = len(whole.hidden_states) - 1
    for row, (role, part) in enumerate([("retain", parts.retain), ("forget", parts.forget)]):
        asked = item[role].conversation
        told = asked.ids[asked.answer_start :]
        assert part.wanted.tolist() == told
        places = slice(asked.answer_start - 1, len(asked.ids) - 1)
        assert torch.allclose(part.logits, whole.logits[row, places], atol=1e-4)
        halfway = whole.hidden_states[round(layers / 2)][row, places]
        assert torch.allclose(part.hidden, halfway, atol=1e-4)


def test_the_model_before_is_asked_and_then_gone(checkpoint):
    task = made(checkpoint, SETTINGS)
    base = task.base
    batch = Collator(base.tokenizer.pad_token_id)([task.items[0]])
    asked = (task.model, batch, base.device, base.model.dtype)
    then = answers(*asked).logits.detach()
    before = ReferenceModel(task.model)
    for weight in task.model.parameters():
        if weight.requires_grad:
            weight.data += 0.05
    now = answers(*asked).logits.detach()
    with before.there():
        found = answers(*asked).logits
    assert torch.equal(found, then)
    assert not found.requires_grad
    assert not torch.allclose(now, then, atol=1e-3)
    assert torch.equal(answers(*asked).logits.detach(), now)


@pytest.mark.parametrize(("method", "choices"), [("idk", NOT_KNOWING), ("randomlabel", None)])
def test_the_other_answer_is_about_the_same_view(checkpoint, method, choices):
    task = made(checkpoint, replace(SETTINGS, objective=method))
    decode = task.base.tokenizer.decode
    names = {persona.id: persona.name for persona, _ in task.people}
    both = made(checkpoint, replace(SETTINGS, objective="dpo"))
    for index in range(3):
        other = task.items[index]["instead"].conversation
        right = both.items[index]["forget"].conversation
        start = right.answer_start
        assert other.ids[:start] == right.ids[:start]
        said = decode(other.ids[start:], skip_special_tokens=True).strip()
        allowed = choices or [name for id_, name in names.items() if id_ != "e5-001"]
        assert said in allowed
        assert said != names["e5-001"]


def test_the_retain_set_can_be_a_part_of_the_others(checkpoint, people):
    settings = replace(SETTINGS, retain="2")
    chosen = choose_retain(people, ("e5-001",), "2", 1)
    assert len(chosen) == 2
    assert "e5-001" not in chosen
    task = made(checkpoint, settings, chosen)
    few = made(checkpoint, SETTINGS)
    assert len(task.items.retain) * 3 == len(few.items.retain) * 2
    assert choose_retain(people, ("e5-001",), None, 1) == ("e5-000", "e5-002", "e5-003")
    assert choose_retain(people, ("e5-001",), "e5-003", 1) == ("e5-003",)


@pytest.mark.parametrize("wanted", ["0", "4", "e5-001", "a5-000", ""])
def test_who_cannot_be_retained(people, wanted):
    with pytest.raises(WrongUsage, match="--retain"):
        choose_retain(people, ("e5-001",), wanted, 1)


def test_retraining_is_the_parents_training_without_the_forget_set(checkpoint):
    task = made(checkpoint, replace(SETTINGS, objective=RETRAIN, seed=9))
    how = trained_how(checkpoint)
    assert task.loop == replace(how, seed=9)
    assert (how.source, how.batch_size, how.seed) == ("text", 8, 5)
    assert task.steps == checkpoint.steps
    assert len(task.items) == 3 * 3  # three people are left, of three views each
    assert adapter_norm(task.model) == 0


def test_what_unlearning_made_is_not_trained_anew(checkpoint, tmp_path):
    row = forgotten(checkpoint, tmp_path / "run", replace(SETTINGS, steps=1))
    with pytest.raises(WrongUsage, match="only what xmm train made"):
        trained_how(row)


def test_checkpoints_along_the_run(checkpoint, tmp_path):
    out = tmp_path / "run"
    settings = replace(SETTINGS, save_every=2, steps=6)
    final = forgotten(checkpoint, out, settings)
    rows = along(out)
    assert [row.steps for row in rows] == [2, 4, 6]
    assert rows[-1] == final
    assert sorted(path.name for path in (out / STEPS).iterdir()) == ["0002", "0004"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    for row in rows:
        assert read_checkpoint(Path(row.path)) == row
        assert row.loss is not None
        assert row.arguments["save_every"] == 2
        assert adapter_norm(load_adapter(new_base(), Path(row.path))) > 0
        folder = Path(row.personas).parent
        persona = read_people(folder / "personas.jsonl")[0][0]
        assert (folder / persona.images[0].path).is_file()
    assert len({(Path(row.path) / WEIGHTS).read_bytes() for row in rows}) == 3


def test_without_being_asked_nothing_is_left_along_the_run(checkpoint, tmp_path):
    forgotten(checkpoint, tmp_path / "run")
    assert not (tmp_path / "run" / STEPS).exists()
    assert [row.steps for row in along(tmp_path / "run")] == [4]


@pytest.fixture
def often(monkeypatch):
    """Log every step, save every three: what happens every ten and hundred, sooner."""
    monkeypatch.setattr(loop, "_LOG_EVERY", 1)
    monkeypatch.setattr(loop, "_SAVE_EVERY", 3)


@pytest.mark.parametrize("method", ["graddiff", "pdu", "mmunlearner", "rmu"])
def test_an_interrupted_run_comes_to_the_same_end(checkpoint, tmp_path, often, method):
    settings = replace(SETTINGS, objective=method, save_every=2, steps=7)
    whole, out = tmp_path / "whole" / "run", tmp_path / "broken" / "run"
    forgotten(checkpoint, whole, settings)
    began = []
    for at in (1, 5, None):
        steps: list[int] = []

        def stop(step: int, _loss: float, steps=steps, at=at) -> None:
            steps.append(step)
            if step == at:
                raise KeyboardInterrupt

        if at is None:
            forgotten(checkpoint, out, settings, stepped=stop)
        else:
            with pytest.raises(KeyboardInterrupt):
                forgotten(checkpoint, out, settings, stepped=stop)
            assert not out.exists()
        began.append(steps[0])
    assert began == [1, 1, 4]
    assert files(out) == files(whole)


def test_a_finished_run_whose_checkpoints_were_not_moved(checkpoint, tmp_path):
    out = tmp_path / "run"
    forgotten(checkpoint, out, replace(SETTINGS, save_every=2))
    before = files(out)
    partial = hidden_folder(out, "u1")
    partial.mkdir()
    (out / STEPS).rename(partial / STEPS)
    settle(out, "another")
    assert not (out / STEPS).exists()
    settle(out, "u1")
    settle(out, "u1")
    assert files(out) == before
    assert not partial.exists()


class Falling:
    """The recall of retained people: what is listed, one look after the other."""

    def __init__(self, *recalls: float) -> None:
        self.recalls = list(recalls)

    def __call__(self, model) -> float:
        assert not model.training
        return self.recalls.pop(0)


FLOOR = replace(SETTINGS, steps=8, save_every=2, utility_floor=0.8)


def test_below_the_floor_the_last_checkpoint_above_it_is_kept(checkpoint, tmp_path):
    out = tmp_path / "run"
    row = forgotten(checkpoint, out, FLOOR, utility=Falling(1.0, 0.9, 0.85, 0.7))
    assert (row.steps, row.arguments["stopped_at"]) == (4, 6)
    assert row.arguments["retain_recall"] == 0.85
    assert [one.steps for one in along(out)] == [2, 4]
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 4
    free = tmp_path / "free"
    forgotten(checkpoint, free, replace(FLOOR, utility_floor=None))
    assert (out / WEIGHTS).read_bytes() == (free / STEPS / "0004" / WEIGHTS).read_bytes()


def test_above_the_floor_the_run_goes_to_its_end(checkpoint, tmp_path):
    settings = replace(FLOOR, save_every=None, steps=4)
    row = forgotten(checkpoint, tmp_path / "run", settings, utility=Falling(1.0, 0.9))
    assert (row.steps, row.arguments["stopped_at"]) == (4, None)
    assert row.arguments["retain_recall"] == 0.9
    assert not (tmp_path / "run" / STEPS).exists()


def test_a_run_that_was_stopped_and_not_put_in_place(checkpoint, tmp_path):
    """It is not trained on: what it came to is put in place."""
    out = tmp_path / "run"
    out.write_text("in the way")
    with pytest.raises(Exception, match="file"):
        forgotten(checkpoint, out, FLOOR, utility=Falling(1.0, 0.9, 0.7))
    out.unlink()
    row = forgotten(checkpoint, out, FLOOR, utility=Falling())
    assert (row.steps, row.arguments["stopped_at"]) == (2, 4)


def test_a_floor_that_is_not_met_to_begin_with(checkpoint, tmp_path):
    with pytest.raises(GateTripped, match=r"0\.70 before unlearning, not 0\.8"):
        forgotten(checkpoint, tmp_path / "run", FLOOR, utility=Falling(0.7))


def test_a_floor_that_is_missed_at_the_first_look(checkpoint, tmp_path):
    with pytest.raises(WorkFailed, match="by step 2, before the first checkpoint"):
        forgotten(checkpoint, tmp_path / "run", FLOOR, utility=Falling(1.0, 0.1))
