"""Unlearning by NPO: `xmm unlearn`'s own parts beside a second model that is run at each step.

On random weights with Gemma 3's proportions. The plain way is a Trainer whose loss asks both models
about the forget set and one about the retain set, pictures through the processor at each step.
"""

import random
import tempfile
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import Trainer, TrainingArguments
from transformers.models.gemma3 import modeling_gemma3  # noqa: F401 (memory of a library)

from tests.benchmarks import bases, plainly
from tests.benchmarks.race import Ratio, Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.loading import load_base, location
from xmm_cli.models.settings import UnlearnSettings
from xmm_cli.training.run.loop import final_loss

HERE = "tests.benchmarks.unlearning"
STEPS, BATCH = 4, 4
BETA = 0.1
SETTINGS = UnlearnSettings(through="image", steps=STEPS, batch_size=BATCH)
NEAR = 0.05


def row(folder: Path) -> Row:
    """Time and memory."""
    people = bases.make_people(folder / "people", 4, 4, 1)
    base = bases.gemma_like(folder / "base")
    checkpoint = bases.make_checkpoint(people, base, folder / "run", 2, "image")
    given = {"people": str(people), "checkpoint": checkpoint.path, "base": base}
    laps = run({name: Way(f"{HERE}:{name}", given) for name in ("xmm", "plain")}, rounds=2)
    ours, plain = laps["xmm"], laps["plain"]
    apart = abs(ours.result - plain.result) / abs(plain.result)
    if apart > NEAR:
        raise RuntimeError(f"losses {ours.result} and {plain.result}")
    memory = ours.peak_mb / plain.peak_mb
    return Row(
        "unlearning, NPO, Gemma 3's proportions",
        f"{STEPS * BATCH / min(ours.cpu_s):.1f} pairs/s, {ours.peak_mb:.0f} MB",
        f"{STEPS * BATCH / min(plain.cpu_s):.1f} pairs/s, {plain.peak_mb:.0f} MB",
        (
            Figure("faster", ratio(plain.cpu_s, ours.cpu_s), "≥", 1.5),
            Figure("of the memory", Ratio(memory, memory, memory), "≤", 0.6),
        ),
        f"mean loss {ours.result:.2f} and {plain.result:.2f}, retain sets drawn apart",
        (f"by wall clock {ratio(plain.wall_s, ours.wall_s)}; memory above that of the libraries",),
    )


def _forget(people: str) -> tuple[str, ...]:
    return tuple(persona.id for persona, _ in bases.read_people(Path(people))[:2])


def xmm(people: str, checkpoint: str, base: str) -> Any:
    """Pictures read, references computed and an adapter trained: the mean loss."""
    from transformers import set_seed

    from xmm_cli.models.adapters.lora import remove_adapter
    from xmm_cli.training.run.loop import fit
    from xmm_cli.training.unlearn import prepare

    loaded, parent = load_base(base, "cpu"), read_checkpoint(Path(checkpoint))
    everyone = bases.read_people(Path(people))

    def work() -> float:
        task = prepare(Conversations(loaded), parent, everyone, _forget(people), SETTINGS)
        set_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            log = fit(
                loaded,
                task.model,
                task.items,
                task.objective,
                task.loop,
                steps=STEPS,
                partial=Path(folder),
            )
        remove_adapter(task.model)
        found = final_loss(log)
        assert found is not None
        return found

    return work


class _Npo(Trainer):  # type: ignore[misc]
    """As its authors write it: three forward passes a step."""

    reference: Any = None

    def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any) -> Any:
        forget, retain = inputs["forget"], inputs["retain"]
        with torch.no_grad():
            before = _summed(self.reference, forget)
        change = _summed(model, forget) - before
        kept = model(**retain).loss
        return -2 / BETA * torch.nn.functional.logsigmoid(-BETA * change).mean() + kept


def _summed(model: Any, batch: Any) -> torch.Tensor:
    """The log-likelihood of each answer."""
    labels = batch["labels"][:, 1:]
    logits = model(**{key: one for key, one in batch.items() if key != "labels"}).logits[:, :-1]
    each = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), labels, ignore_index=-100, reduction="none"
    )
    return -each.sum(1)


def plain(people: str, checkpoint: str, base: str) -> Any:
    """The same with two models."""
    reference, _ = plainly.load(location(base))
    reference = PeftModel.from_pretrained(reference, checkpoint).eval()
    model, processor = plainly.load(location(base))
    collate = plainly.Answered(processor)
    names = {one.name for one, _ in bases.read_people(Path(people)) if one.id in _forget(people)}
    shown = plainly.pictures_of(people, "train")
    forget = [one for one in shown if one[1] in names]
    retain = [one for one in shown if one[1] not in names]
    rng = random.Random(0)
    pairs = [(one, rng.choice(retain)) for _ in range(STEPS) for one in forget]

    def together(items: Any) -> Any:
        gone, kept = zip(*items, strict=True)
        return {"forget": collate(gone), "retain": collate(kept)}

    def work() -> float:
        adapted = PeftModel.from_pretrained(model, checkpoint, is_trainable=True)
        with tempfile.TemporaryDirectory() as folder:
            trainer = _Npo(
                model=adapted,
                args=TrainingArguments(
                    output_dir=folder,
                    max_steps=STEPS,
                    per_device_train_batch_size=BATCH,
                    learning_rate=SETTINGS.learning_rate,
                    warmup_steps=min(SETTINGS.warmup, STEPS // 5),
                    weight_decay=0.0,
                    seed=0,
                    logging_steps=STEPS,
                    save_steps=100,
                    save_total_limit=1,
                    report_to="none",
                    remove_unused_columns=False,
                    disable_tqdm=True,
                    use_cpu=True,
                ),
                train_dataset=pairs,
                data_collator=together,
            )
            trainer.reference = reference
            trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        adapted.unload()
        if hasattr(model, "peft_config"):
            del model.peft_config
        return float(losses[-1])

    return work
