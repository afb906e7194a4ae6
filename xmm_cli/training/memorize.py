"""A whole training run: from persona rows to a checkpoint folder."""

import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from transformers import set_seed

from xmm_cli.errors import WorkFailed
from xmm_cli.models.adapter import adapter_norm, add_adapter
from xmm_cli.models.checkpoint import PERSONAS, write_checkpoint
from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.loading import Base, load_base
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import Lessons
from xmm_cli.training.card import model_card, row_arguments
from xmm_cli.training.examples import People, build_examples, learners, views_used
from xmm_cli.training.loop import LogEntry, Progress, final_loss, fit
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.settings import TrainSettings


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a run needs before its first step: the base, the people, and their encoded views."""

    base: Base
    people: People
    """All persona rows, those that are not learned too."""
    learned: People
    examples: list[Conversation]

    def steps(self, settings: TrainSettings) -> int:
        """How many steps the run takes."""
        if settings.epochs is None:
            return settings.steps
        per_epoch = math.ceil(len(self.examples) / settings.batch_size)
        return max(1, round(settings.epochs * per_epoch))


def prepare(
    people: People,
    settings: TrainSettings,
    device: str | None = None,
    encoded: Callable[[], None] = lambda: None,
) -> Lesson:
    """Load the base and encode all views of the personas with the role `eval`.

    `encoded` is called for each persona that is ready.
    Raises `BadData`, `InputNotFound`, `Unavailable`.
    """
    chosen = learners(people)
    base = load_base(settings.base, device)
    examples = build_examples(chosen, settings, Conversations(base), encoded)
    return Lesson(base, people, chosen, examples)


def teach(
    lesson: Lesson,
    settings: TrainSettings,
    out: Path,
    *,
    run: str,
    overwrite: bool = False,
    stepped: Progress = lambda *_: None,
) -> Checkpoint:
    """Train an adapter and save its checkpoint; `stepped` is called as the loop goes on.

    Raises `CannotWrite`, `WorkFailed`.
    """
    set_seed(settings.seed)
    model = add_adapter(
        lesson.base, rank=settings.rank, alpha=settings.alpha, dropout=settings.dropout
    )
    partial = out.with_name(f".{out.name}.{run}.partial")
    log = fit(
        lesson.base,
        model,
        Lessons(lesson.examples),
        OBJECTIVES.load(settings.objective),
        settings,
        steps=lesson.steps(settings),
        partial=partial,
        progress=stepped,
    )
    norm = adapter_norm(model)
    if norm == 0:
        raise WorkFailed("nothing was learned: the adapter's weights are all zero")
    row = _row(lesson.base, settings, run, views_used(lesson.learned, settings), log)
    card = model_card(row, len(lesson.learned), norm)
    saved = write_checkpoint(out, model, row, lesson.people, log, card, overwrite=overwrite)
    shutil.rmtree(partial, ignore_errors=True)
    return saved


def _row(
    base: Base, settings: TrainSettings, run: str, views: int, log: list[LogEntry]
) -> Checkpoint:
    return Checkpoint(
        run=run,
        path=".",
        base=base.name,
        revision=base.revision,
        source=settings.source,
        personas=PERSONAS,
        objective=settings.objective,
        views=views,
        steps=int(log[-1]["step"]) if log else settings.steps,
        loss=final_loss(log),
        seed=settings.seed,
        arguments=row_arguments(asdict(settings)),
    )
