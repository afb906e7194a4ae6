"""The loop: transformers' Trainer, with the loss of an objective on answer tokens alone."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from xmm_cli.errors import WorkFailed
from xmm_cli.models.adapter import add_adapter
from xmm_cli.models.batching import answer_logits, pad
from xmm_cli.models.conversation import Conversation
from xmm_cli.models.loading import Base
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.settings import TrainSettings

LogEntry = dict[str, float]
Progress = Callable[[int, float], None]
"""Called with the steps done and the latest loss."""

_LOG_EVERY = 10
_SAVE_EVERY = 100


class AnswerTrainer(Trainer):
    """A Trainer whose loss is an objective's, on the logits of answer tokens."""

    def __init__(self, objective: Callable[..., Any], **options: Any) -> None:
        super().__init__(**options)
        self.objective = objective

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: ARG002
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Any:
        """The objective's value on one batch, a scalar."""
        logits, wanted = answer_logits(model, inputs, self.args.device, self.model.dtype)
        return self.objective(logits, wanted)


class _Log(TrainerCallback):
    """Keeps what the Trainer logs, tells how far it is, and stops a run that has diverged."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Look at the newest mean loss."""
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        if not math.isfinite(float(loss)):
            raise WorkFailed(
                f"training diverged: the loss is {loss} at step {state.global_step}",
                "try a lower --lr",
            )
        self.progress(state.global_step, float(loss))


def log_entries(history: Sequence[dict[str, Any]]) -> list[LogEntry]:
    """Step, mean loss since the last entry, and learning rate, from a Trainer's history."""
    return [
        {
            "step": entry["step"],
            "loss": float(entry["loss"]),
            "learning_rate": float(entry["learning_rate"]),
        }
        for entry in history
        if "loss" in entry
    ]


def steps_of(settings: TrainSettings, examples: int) -> int:
    """How many steps a run takes."""
    if settings.epochs is None:
        return settings.steps
    return max(1, round(settings.epochs * math.ceil(examples / settings.batch_size)))


def fit(
    base: Base,
    examples: Sequence[Conversation],
    settings: TrainSettings,
    partial: Path,
    progress: Progress = lambda *_: None,
) -> tuple[Any, list[LogEntry]]:
    """Train a fresh adapter; returns the `PeftModel` and its log.

    Every hundred steps the state is left in `partial`, from where an interrupted run goes on.
    Raises `WorkFailed` where the loss stops being a number.
    """
    set_seed(settings.seed)
    model = add_adapter(base, rank=settings.rank, alpha=settings.alpha, dropout=settings.dropout)
    trainer = AnswerTrainer(
        OBJECTIVES.load(settings.objective),
        model=model,
        args=_arguments(base, settings, len(examples), partial),
        train_dataset=list(examples),
        data_collator=lambda rows: pad(rows, base.tokenizer.pad_token_id, "right"),
        callbacks=[_Log(progress)],
    )
    for noisy in ("PrinterCallback", "ProgressCallback"):
        for callback in list(trainer.callback_handler.callbacks):
            if type(callback).__name__ == noisy:
                trainer.remove_callback(callback)
    last = get_last_checkpoint(str(partial)) if partial.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    return model.eval(), log_entries(trainer.state.log_history)


def _arguments(
    base: Base, settings: TrainSettings, examples: int, partial: Path
) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(partial),
        max_steps=steps_of(settings, examples),
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        lr_scheduler_type="linear",
        weight_decay=0.0,
        max_grad_norm=settings.max_grad_norm,
        seed=settings.seed,
        logging_steps=_LOG_EVERY,
        logging_nan_inf_filter=False,
        save_steps=_SAVE_EVERY,
        save_total_limit=1,
        report_to="none",
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        use_cpu=base.device.type == "cpu",
    )
