"""A whole unlearning run: from a checkpoint to one that has forgotten some people."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from transformers import set_seed

from xmm_cli.errors import WorkFailed
from xmm_cli.models.adapter import adapter_norm, load_adapter
from xmm_cli.models.checkpoint import PERSONAS, write_checkpoint
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.loading import Base
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import Example, Pairs, with_reference
from xmm_cli.training.card import model_card, row_arguments
from xmm_cli.training.examples import People, build_examples, learners
from xmm_cli.training.loop import LogEntry, Progress, final_loss, fit
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.settings import TrainSettings, UnlearnSettings


@dataclass(frozen=True, slots=True)
class Amnesia:
    """What a run needs before its first step."""

    base: Base
    model: Any
    """The parent's adapter on its base, trainable."""
    parent: Checkpoint
    people: People
    forget: tuple[str, ...]
    pairs: Pairs


def prepare(
    conversations: Conversations,
    parent: Checkpoint,
    people: People,
    forget: tuple[str, ...],
    settings: UnlearnSettings,
    encoded: Callable[[], None] = lambda: None,
) -> Amnesia:
    """Encode the forget set in `settings.through` and the retain set as it was learned.

    `encoded` is called for each persona that is ready. The reference that some objectives compare
    with is the parent, base and adapter together, and is computed here, once.
    Raises `BadData`, `InputNotFound`.
    """
    base = conversations.base
    known = learners(people)
    gone: People = [pair for pair in known if pair[0].id in forget]
    kept: People = [pair for pair in known if pair[0].id not in forget]
    how = TrainSettings(source=settings.through, views=settings.views)
    learned = TrainSettings(
        source=parent.source,
        views=parent.views or None,
        facts=bool(parent.arguments.get("facts")),
    )
    model = load_adapter(base, Path(parent.path), trainable=True)
    forget_examples = build_examples(gone, how, conversations, encoded)
    retain_examples = build_examples(kept, learned, conversations, encoded)
    known_before = with_reference(base, model, forget_examples, settings.batch_size)
    rounds = _rounds(settings, known_before)
    pairs = Pairs(known_before, retain_examples, rounds, settings.seed)
    return Amnesia(base, model, parent, people, forget, pairs)


def _rounds(settings: UnlearnSettings, examples: list[Example]) -> int:
    """How often the forget set must be listed so that one pass lasts for all steps."""
    return settings.steps * settings.batch_size // len(examples) + 1


def unlearn(
    task: Amnesia,
    settings: UnlearnSettings,
    out: Path,
    *,
    run: str,
    recall_before: float,
    overwrite: bool = False,
    stepped: Progress = lambda *_: None,
) -> Checkpoint:
    """Train the parent's adapter to forget, and save it as a checkpoint of its own.

    `recall_before` is what the gate measured; it stands in the row.
    Raises `CannotWrite`, `WorkFailed`.
    """
    set_seed(settings.seed)
    partial = out.with_name(f".{out.name}.{run}.partial")
    log = fit(
        task.base,
        task.model,
        task.pairs,
        OBJECTIVES.load(settings.objective),
        settings,
        steps=settings.steps,
        partial=partial,
        progress=stepped,
    )
    norm = adapter_norm(task.model)
    if norm == 0:
        raise WorkFailed("the adapter's weights are all zero: the parent has learned nothing")
    row = _row(task, settings, run, recall_before, log)
    card = model_card(row, len(learners(task.people)), norm)
    saved = write_checkpoint(out, task.model, row, task.people, log, card, overwrite=overwrite)
    shutil.rmtree(partial, ignore_errors=True)
    return saved


def _row(
    task: Amnesia,
    settings: UnlearnSettings,
    run: str,
    recall_before: float,
    log: list[LogEntry],
) -> Checkpoint:
    arguments = row_arguments(asdict(settings)) | {"recall_before": round(recall_before, 6)}
    return msgspec.structs.replace(
        task.parent,
        run=run,
        path=".",
        personas=PERSONAS,
        objective=settings.objective,
        parent=task.parent.run,
        forget=task.forget,
        steps=settings.steps,
        loss=final_loss(log),
        seed=settings.seed,
        arguments=arguments,
    )
