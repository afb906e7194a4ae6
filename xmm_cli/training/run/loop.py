"""The loop: transformers' Trainer, with the loss of an objective on answer tokens alone."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import (
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from xmm_cli import compat, processes
from xmm_cli.errors import WorkFailed, WrongUsage
from xmm_cli.garbage import what_is_there_stays
from xmm_cli.models.adapters.fused import lean_lora
from xmm_cli.models.loading import Base
from xmm_cli.models.oom import is_out_of_memory
from xmm_cli.training.batch import Parts
from xmm_cli.training.batches import Collator, Item, answers, split
from xmm_cli.training.objective import Objective, as_objective
from xmm_cli.training.run.ddp import OwnShare, some_may_rest, whole
from xmm_cli.training.run.fsdp import set_up
from xmm_cli.training.run.reference_model import ReferenceModel
from xmm_cli.training.run.resume import MarkWhole, open_partial, trained_weights
from xmm_cli.training.run.saved_steps import diverged

LogEntry = dict[str, float]
OnProgress = Callable[[int, float], None]
"""Called with the steps done and the latest loss."""

Look = Callable[[int, list[LogEntry]], bool]
"""Called with the steps done and the log up to there; True ends the run."""

_LOG_EVERY = 10
_SAVE_EVERY = 100
_CUT_OFF = ("Connection closed", "Connection reset", "gloo", "NCCL", "Broken pipe")


class LoopSettings(Protocol):
    """What the loop has to know."""

    @property
    def batch_size(self) -> int:
        """Items a step, over all processes together."""

    @property
    def learning_rate(self) -> float:
        """The highest; it falls linearly to zero after `warmup` steps."""

    @property
    def warmup(self) -> int:
        """Steps."""

    @property
    def max_grad_norm(self) -> float:
        """Gradients are clipped at this norm."""

    @property
    def seed(self) -> int:
        """Of order and dropout."""


class AnswerTrainer(Trainer):
    """A Trainer whose loss is an objective's, on the logits of answer tokens."""

    def __init__(self, objective: Objective, before: ReferenceModel | None, **options: Any) -> None:
        super().__init__(**options)
        self.objective, self.before = objective, before
        self.shared = processes.count() > 1
        if self.is_fsdp_enabled:
            set_up(self.accelerator.state.fsdp_plugin, self.model, objective)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches in the order of a single process, of which each process collates its share."""
        if not self.shared:
            return super().get_train_dataloader()
        loader = DataLoader(
            self.train_dataset,
            batch_size=self.args.per_device_train_batch_size,
            sampler=compat.train_sampler(self),
            collate_fn=OwnShare(self.data_collator),
        )
        return compat.in_single_order(loader)

    def training_step(self, model: Any, *given: Any, **options: Any) -> Any:
        """One forward and backward pass, and what the objective does before and after."""
        self.objective.before_step(self.state.global_step)
        loss = super().training_step(model, *given, **options)
        self.objective.after_backward(self.model)
        return loss

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:  # noqa: ARG002
        """Not counted, which would take counting all parameters at each step."""
        return 0

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: ARG002
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Any:
        """The objective's value on one batch, a scalar."""
        given = (model, inputs, self.args.device, self.model.dtype, self.objective.needs.layer)
        before = None
        if self.before is not None:
            with self.before.there():
                before = answers(*given)
        parts = split(answers(*given), inputs, before)
        loss = self.objective(whole(parts, inputs) if self.shared else parts)
        return loss if loss.requires_grad else loss + _nothing(model)


def _nothing(model: Any) -> torch.Tensor:
    """Zero, with a gradient: of a batch without pictures, where what sees learns alone."""
    learning = next(parameter for parameter in model.parameters() if parameter.requires_grad)
    return learning.sum() * 0.0


@compat.saved_with_trainer
class _Memory(TrainerCallback):
    """Saves what the objective remembers beside the weights, and gives it back."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    def state(self) -> dict[str, Any]:
        """As the Trainer's own callbacks give it."""
        return {"args": {}, "attributes": self.objective.state()}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """After the saved state of an interrupted run was read."""
        saved = state.stateful_callbacks.get(type(self).__name__)
        if state.global_step > 0 and saved and saved["attributes"]:
            self.objective.restore(saved["attributes"])


class _Looks(TrainerCallback):
    """Looks at the run every so many steps and after the last, and ends it if told so."""

    def __init__(self, every: int, look: Look) -> None:
        self.every, self.look = every, look

    def due(self, state: Any) -> bool:
        """Whether this step is looked at."""
        return state.global_step % self.every == 0 or state.global_step == state.max_steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Have the loss logged first."""
        control.should_log = control.should_log or self.due(state)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Before the Trainer saves: what is found here holds for what is saved."""
        due = "loss" in (logs or {}) and self.due(state)
        if due and self.look(state.global_step, log_entries(state.log_history)):
            control.should_training_stop = True


class _Log(TrainerCallback):
    """Tells how far the run is, and stops it where it has diverged."""

    def __init__(self, progress: OnProgress, partial: Path) -> None:
        self.progress, self.partial = progress, partial

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ARG002
        """Look at the newest mean loss."""
        loss = (logs or {}).get("loss")
        if loss is None:
            return
        if not math.isfinite(float(loss)):
            raise diverged(self.partial, f"the loss is {loss} at step {state.global_step}")
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


def final_loss(log: Sequence[LogEntry]) -> float | None:
    """The mean of the last three entries, in the objective's own unit."""
    tail = [entry["loss"] for entry in log[-3:]]
    return round(sum(tail) / len(tail), 6) if tail else None


def fit(
    base: Base,
    model: Any,
    items: Dataset[Item],
    objective: Callable[[Parts], Any],
    settings: LoopSettings,
    *,
    steps: int,
    partial: Path,
    progress: OnProgress = lambda *_: None,
    note: Callable[[str], None] = lambda _: None,
    look: Look | None = None,
    every: int = _LOG_EVERY,
    report_to: str | None = None,
) -> list[LogEntry]:
    """Make `objective` smaller by what is trainable of a `PeftModel`, in place; returns the log.

    Every hundred steps the state is left in `partial`, from where an interrupted run goes on, with
    what the objective remembers. `look` is called every `every` steps and after the last, by all
    processes that share the run. The model as it is given is the reference that some objectives ask
    for at every step. `note` is told where an unfinished run cannot be gone on from. `report_to`
    names an integration of transformers, which hears of loss and learning rate too.
    Raises `WorkFailed` where the loss stops being a number or memory runs out, `WrongUsage` where
    there are more processes than items a step, `CannotWrite`.
    """
    if settings.batch_size < processes.count():
        raise WrongUsage(
            f"--batch-size {settings.batch_size} with {processes.count()} processes",
            "it is what all of them together take a step: give each at least one",
        )
    last = open_partial(partial, trained_weights(model), note)
    aim = as_objective(objective)
    callbacks: list[TrainerCallback] = [_Log(progress, partial), _Memory(aim), MarkWhole()]
    if look is not None:
        callbacks.append(_Looks(every, look))
    trainer = AnswerTrainer(
        aim,
        ReferenceModel(model) if aim.needs.forward else None,
        model=model,
        args=_arguments(base, model, settings, steps, partial, report_to),
        train_dataset=items,
        data_collator=Collator(base.pad_token_id),
        callbacks=callbacks,
    )
    for printer in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(printer)
    with lean_lora(model), what_is_there_stays():
        _train(trainer, last, settings.batch_size)
    model.eval()
    return log_entries(trainer.state.log_history)


def _train(trainer: Trainer, last: str | None, batch_size: int) -> None:
    """Run it from a saved state or from the start, and say what to lower where memory runs out."""
    try:
        trainer.train(resume_from_checkpoint=last)
    except (RuntimeError, MemoryError) as error:
        at = f"at step {trainer.state.global_step + 1}"
        if is_out_of_memory(error):
            raise WorkFailed(
                f"out of memory {at}, with --batch-size {batch_size}", "lower --batch-size"
            ) from error
        if processes.count() > 1 and any(word in str(error) for word in _CUT_OFF):
            raise WorkFailed(f"another process of this run has ended, {at}") from error
        raise


def _arguments(
    base: Base, model: Any, settings: LoopSettings, steps: int, partial: Path, report_to: str | None
) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(partial),
        max_steps=steps,
        per_device_train_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=min(settings.warmup, steps // 5),
        lr_scheduler_type="linear",
        weight_decay=0.0,
        max_grad_norm=settings.max_grad_norm,
        seed=settings.seed,
        logging_steps=min(_LOG_EVERY, steps),
        logging_nan_inf_filter=False,
        save_steps=_SAVE_EVERY,
        report_to=report_to or "none",
        run_name=partial.name.strip(".").removesuffix(".partial"),
        project="xmm",
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        use_cpu=base.device.type == "cpu",
        ddp_find_unused_parameters=some_may_rest(model),
    )
    compat.use_one_gpu(arguments)
    return arguments
