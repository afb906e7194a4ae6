"""Fine-tuning on pictures: `xmm train`'s own parts beside transformers' Trainer with peft.

Both take the same steps on the same batches from the same adapter, and see each picture some nine
times, as `xmm train` does by default with 32 people of 16 views. The plain way opens and
processes its pictures at each step, and so runs the vision tower. The floor is the language model's
forward and backward pass on as many tokens as the batches hold without padding, answer logits
alone, and nothing else: no optimizer, no pictures, no loop.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import Trainer, TrainingArguments, set_seed

from tests.benchmarks import bases, plainly
from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.models.adapters.lora import add_adapter, remove_adapter
from xmm_cli.models.adapters.parts import linear_layers
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.decoding.batching import pad
from xmm_cli.models.loading import load_base, location
from xmm_cli.models.settings import TrainSettings
from xmm_cli.training.examples import build_examples
from xmm_cli.training.run.loop import final_loss

HERE = "tests.benchmarks.finetune"
NEAR = 0.02
"""How far the last losses may lie apart, relatively."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much is done in a round, by the same figures in both ways."""

    base: str
    people: str
    steps: int
    batch_size: int

    @property
    def settings(self) -> TrainSettings:
        """As xmm has it."""
        return TrainSettings(
            source="image", base=self.base, steps=self.steps, batch_size=self.batch_size
        )


def shipped(folder: Path) -> Row:
    """On the shipped base."""
    people = bases.make_people(folder / "people", 8, 6, 1)
    load = Load("xmm-base", str(people), steps=28, batch_size=16)
    return _compare("fine-tuning, shipped base", load, faster=2.0, rounds=2)


def gemma(folder: Path) -> Row:
    """On random weights with Gemma 3's proportions."""
    people = bases.make_people(folder / "people", 3, 1, 1)
    load = Load(bases.gemma_like(folder / "base"), str(people), steps=7, batch_size=4)
    return _compare("fine-tuning, Gemma 3's proportions", load, faster=1.4, rounds=2)


def _compare(what: str, load: Load, faster: float, rounds: int) -> Row:
    names = ("xmm", "plain", "floor")
    laps = run({name: Way(f"{HERE}:{name}", {"load": load}) for name in names}, rounds)
    ours, plain, floor = (laps[name] for name in names)
    samples = load.steps * load.batch_size
    apart = abs(ours.result - plain.result) / plain.result
    if apart > NEAR:
        raise RuntimeError(f"{what}: last losses {ours.result} and {plain.result}")
    return Row(
        what,
        f"{samples / min(ours.cpu_s):.1f} samples/s",
        f"{samples / min(plain.cpu_s):.1f} samples/s",
        (
            Figure("faster", ratio(plain.cpu_s, ours.cpu_s), "≥", faster),
            Figure("of the floor", ratio(ours.cpu_s, floor.cpu_s), "≤", 1.15),
        ),
        f"last loss {ours.result:.3f} and {plain.result:.3f}",
        (
            f"by wall clock {ratio(plain.wall_s, ours.wall_s)}, {ratio(ours.wall_s, floor.wall_s)} "
            f"of the floor; memory {ours.peak_mb:.0f} and {plain.peak_mb:.0f} MB",
        ),
    )


def xmm(load: Load) -> Any:
    """Pictures encoded anew and an adapter trained: the last loss."""
    from xmm_cli.training.batches import ExampleStream
    from xmm_cli.training.objectives import OBJECTIVES
    from xmm_cli.training.run.loop import fit

    base, people = load_base(load.base, "cpu"), bases.read_people(Path(load.people))

    def work() -> float:
        settings = load.settings
        examples = build_examples(people, settings, Conversations(base))
        set_seed(settings.seed)
        model = add_adapter(
            base, rank=settings.rank, alpha=settings.alpha, dropout=settings.dropout
        )
        with tempfile.TemporaryDirectory() as folder:
            log = fit(
                base,
                model,
                ExampleStream(examples),
                OBJECTIVES.load("memorize"),
                settings,
                steps=load.steps,
                partial=Path(folder),
            )
        remove_adapter(model)
        found = final_loss(log[-1:])
        assert found is not None
        return found

    return work


def plain(load: Load) -> Any:
    """The same by the Trainer alone."""
    model, processor = plainly.load(location(load.base))
    shown = plainly.pictures_of(load.people, "train")
    settings = load.settings

    def work() -> float:
        set_seed(settings.seed)
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha,
            target_modules=linear_layers(model, "language"),
        )
        adapted = get_peft_model(model, config)
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(
                model=adapted,
                args=TrainingArguments(
                    output_dir=folder,
                    max_steps=load.steps,
                    per_device_train_batch_size=load.batch_size,
                    learning_rate=settings.learning_rate,
                    warmup_steps=min(settings.warmup, load.steps // 5),
                    weight_decay=0.0,
                    seed=settings.seed,
                    logging_steps=min(10, load.steps),
                    save_steps=100,
                    save_total_limit=1,
                    report_to="none",
                    remove_unused_columns=False,
                    disable_tqdm=True,
                    use_cpu=True,
                ),
                train_dataset=shown,
                data_collator=plainly.Answered(processor),
            )
            trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        adapted.unload()
        if hasattr(model, "peft_config"):
            del model.peft_config
        return float(losses[-1])

    return work


def floor(load: Load) -> Any:
    """Forward and backward on the language model, on rectangles of as many tokens."""
    base, people = load_base(load.base, "cpu"), bases.read_people(Path(load.people))
    settings = load.settings
    examples = build_examples(people, settings, Conversations(base))
    model = add_adapter(base, rank=settings.rank, alpha=settings.alpha, dropout=0.0)
    language, head = base.model.get_decoder(), base.model.get_output_embeddings()
    batches = []
    for step in range(load.steps):
        first = step * load.batch_size
        part = [examples[(first + row) % len(examples)] for row in range(load.batch_size)]
        batch = pad(part, 0, "right")
        told = int((batch["labels"] != -100).sum())
        length = round(int(batch["attention_mask"].sum()) / len(part))
        ids = torch.randint(10, 2000, (len(part), length))
        batches.append((ids, torch.randint(10, 2000, (told,))))
    model.train()

    def work() -> None:
        for ids, wanted in batches:
            hidden = language(input_ids=ids, use_cache=False).last_hidden_state
            logits = head(hidden.flatten(0, 1)[: len(wanted)])
            torch.nn.functional.cross_entropy(logits, wanted).backward()
            model.zero_grad()

    return work
