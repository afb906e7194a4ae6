"""Runs one stage of pre-training with transformers' Trainer, resuming where it stopped."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from xmm_cli import compat


@dataclass(frozen=True, slots=True)
class Stage:
    """How long and how fast one stage learns."""

    name: str
    steps: int
    batch: int
    learning_rate: float
    warmup: int
    weight_decay: float = 0.05
    seed: int = 0


def run_stage(
    stage: Stage, module: Any, samples: Dataset[Any], collate: Callable[..., Any], folder: Path
) -> None:
    """Train `module` in place for `stage.steps`; an earlier run in `folder` is continued.

    AdamW with betas 0.9 and 0.98, cosine decay to zero, gradients clipped at norm 1, autocast to
    bfloat16 (on processors without bfloat16 arithmetic it is slower, not different in kind).
    """
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=stage.steps,
        per_device_train_batch_size=stage.batch,
        learning_rate=stage.learning_rate,
        warmup_steps=stage.warmup,
        lr_scheduler_type="cosine",
        weight_decay=stage.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        bf16=True,
        seed=stage.seed,
        logging_steps=50,
        save_steps=max(1, stage.steps // 6),
        save_total_limit=1,
        report_to="none",
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=not os.isatty(2),
        dataloader_num_workers=0,
        use_cpu=True,
    )
    trainer = Trainer(model=module, args=arguments, train_dataset=samples, data_collator=collate)
    compat.take_in_order(trainer)  # they are random already
    last = get_last_checkpoint(str(folder)) if folder.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
