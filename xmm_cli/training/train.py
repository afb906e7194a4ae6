"""A whole training run: from persona rows to a checkpoint folder."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import set_seed

from xmm_cli.errors import BadData, WorkFailed
from xmm_cli.models.adapters.full import check_exact
from xmm_cli.models.adapters.lora import adapter_norm, add_adapter, load_adapter, spare_memory
from xmm_cli.models.adapters.parts import set_sees_anew
from xmm_cli.models.checkpoint import PERSONAS, write_checkpoint
from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.loading import Base, load_base
from xmm_cli.models.settings import TrainSettings, told
from xmm_cli.rows.people import People, dataset_of, where_from
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import ExampleStream
from xmm_cli.training.examples import build_examples, learners, views_used
from xmm_cli.training.mitigations import needs_others, planned
from xmm_cli.training.mitigations.task import DrawLook, LearnTask, TrainingPlan
from xmm_cli.training.model_card import model_card, row_arguments
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.relearn import Earlier, went_on
from xmm_cli.training.run.fsdp import on_first_whole
from xmm_cli.training.run.loop import LogEntry, Look, OnProgress, final_loss, fit
from xmm_cli.training.run.saved_steps import SavedSteps, diverged, hidden_folder, settle


@dataclass(frozen=True, slots=True)
class TrainTask:
    """What a run needs before its first step: the base, the people, and what they are taught by."""

    base: Base
    people: People
    """All persona rows, those that are not learned too."""
    learned: People
    examples: Sequence[Conversation]
    course: TrainingPlan | None = None
    """A mitigation's; without one the examples are learned as they are."""
    earlier: Earlier | None = None

    def steps(self, settings: TrainSettings) -> int:
        """How many steps the run takes."""
        if settings.epochs is None:
            return settings.steps
        per_epoch = math.ceil(len(self.examples) / settings.batch_size)
        return max(1, round(settings.epochs * per_epoch))


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What a caller may lend to the preparation.

    `encoded` is called for each person that is ready, `note` with what the user should know; `draw`
    draws pictures, for a mitigation that wants some.
    """

    encoded: Callable[[], None] = lambda: None
    note: Callable[[str], None] = lambda _: None
    draw: DrawLook | None = None


def prepare(
    people: People,
    settings: TrainSettings,
    device: str | None = None,
    aids: Callbacks | None = None,
    earlier: Earlier | None = None,
) -> TrainTask:
    """Load the base and encode all views of the people to learn: those with the role `eval`.

    Where a checkpoint is gone on from, they are those chosen of them, and those rehearsed.
    Raises `BadData`, `InputNotFound`, `Unavailable`, `WrongUsage`.
    """
    aids = aids or Callbacks()
    chosen = learners(people)
    if earlier is not None:
        wanted = {*earlier.only, *earlier.rehearsed}
        chosen = [pair for pair in chosen if pair[0].id in wanted]
    others = _others(people, settings)
    base = load_base(settings.base, device, settings.precision, to_train=True)
    if settings.kind == "full":
        check_exact(base)  # before all pictures are looked at
    set_sees_anew(base.model, settings.part != "language")
    conversations = Conversations(base)
    examples = build_examples(chosen, settings, conversations, aids.encoded)
    lesson = TrainTask(conversations.base, people, chosen, examples, earlier=earlier)
    if settings.mitigation is None:
        return lesson
    steps = lesson.steps(settings)
    task = LearnTask(conversations, chosen, others, settings, examples, steps, aids.draw, aids.note)
    return replace(lesson, course=planned(task))


def _others(people: People, settings: TrainSettings) -> People:
    """The auxiliary people that the mitigation needs, the first `settings.aux` of them."""
    if not needs_others(settings.mitigation):
        return []
    found = [pair for pair in people if pair[0].role == "aux"]
    if len(found) < (settings.aux or 1):
        raise BadData(
            f"{len(found)} persons have the role aux, not {settings.aux or 'any'}",
            f"{settings.mitigation} needs auxiliary people: ask gen-personas for some with --aux",
        )
    return found[: settings.aux]


def train(
    lesson: TrainTask,
    settings: TrainSettings,
    out: Path,
    *,
    run: str,
    overwrite: bool = False,
    stepped: OnProgress = lambda *_: None,
    note: Callable[[str], None] = lambda _: None,
    report_to: str | None = None,
) -> Checkpoint:
    """Train an adapter and save its checkpoint; `stepped` is called as the loop goes on.

    `report_to` is `tensorboard` or `trackio`. With `settings.save_every` the checkpoints along the
    run lie in its folder too: see `trail`.
    Raises `BadData`, `CannotWrite`, `InputNotFound`, `WorkFailed`.
    """
    set_seed(settings.seed)
    saver = _Saver(lesson, settings, _adapter(lesson, settings), run, hidden_folder(out, run))
    course = lesson.course or TrainingPlan(
        ExampleStream(lesson.examples), OBJECTIVES.load(settings.objective)
    )
    steps = lesson.steps(settings)
    log = fit(
        lesson.base,
        saver.model,
        course.items,
        course.objective,
        settings,
        steps=steps,
        partial=hidden_folder(out, run),
        progress=stepped,
        note=note,
        look=None if settings.save_every is None else saver.save_steps(steps),
        every=settings.save_every or steps,
        report_to=report_to,
    )

    def finish() -> Checkpoint:
        saved = saver.save(out, log, overwrite=overwrite)
        settle(out, run)
        return saved

    return on_first_whole(saver.model, finish)


@dataclass(frozen=True, slots=True)
class _Saver:
    """Writes a run's checkpoints: the last one, and those along the way."""

    lesson: TrainTask
    settings: TrainSettings
    model: Any
    run: str
    partial: Path

    def save_steps(self, last: int) -> Look:
        """What saves the model as it is at each step that is looked at, before the last."""
        trail = SavedSteps(self.partial)

        def look(step: int, log: list[LogEntry]) -> bool:
            if step < last:
                on_first_whole(
                    self.model,
                    lambda: self.save(trail.place(step), log, overwrite=True, final=False),
                )
            return False

        return look

    def save(
        self, folder: Path, log: list[LogEntry], *, overwrite: bool, final: bool = True
    ) -> Checkpoint:
        """The checkpoint as the model is now. Raises `CannotWrite`, `WorkFailed`."""
        people = self.lesson.people
        norm = adapter_norm(self.model)
        if not math.isfinite(norm):
            raise diverged(self.partial, "the adapter's weights are no numbers any more")
        if norm == 0 and final:  # the first step of a warm-up may change nothing
            raise WorkFailed("nothing was learned: the adapter's weights are all zero")
        row = _row(self.lesson, self.settings, self.run, log)
        card = model_card(row, len(learners(people)), norm)
        return write_checkpoint(folder, self.model, row, people, log, card, overwrite=overwrite)


def _adapter(lesson: TrainTask, settings: TrainSettings) -> Any:
    """A fresh adapter on the base, or that of the checkpoint that is gone on from."""
    if lesson.earlier is not None:
        folder = Path(lesson.earlier.checkpoint.path)
        model = load_adapter(lesson.base, folder, trainable=True)
    else:
        model = add_adapter(
            lesson.base,
            rank=settings.rank,
            alpha=settings.alpha,
            dropout=settings.dropout,
            kind=settings.kind,
            part=settings.part,
        )
    if settings.gradient_checkpointing:
        spare_memory(model)
    return model


def _row(lesson: TrainTask, settings: TrainSettings, run: str, log: list[LogEntry]) -> Checkpoint:
    personas = [persona for persona, _ in lesson.people]
    steps = lesson.steps(settings)
    of_steps = {} if settings.epochs is None else {"of_steps": steps}
    row = Checkpoint(
        run=run,
        path=".",
        base=lesson.base.name,
        revision=lesson.base.revision,
        source=settings.source,
        personas=PERSONAS,
        dataset=dataset_of(personas),
        objective=settings.objective,
        views=views_used(lesson.learned, settings),
        steps=int(log[-1]["step"]) if log else steps,
        loss=final_loss(log),
        seed=settings.seed,
        arguments=row_arguments(told(settings) | where_from(personas) | of_steps),
    )
    if lesson.earlier is None:
        return row
    return went_on(row, lesson.earlier, len(learners(lesson.people)))
