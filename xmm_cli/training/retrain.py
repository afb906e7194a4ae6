"""The yardstick of unlearning: a model that never met the forget set, trained as its parent was."""

from collections.abc import Callable
from dataclasses import fields, replace

from transformers import set_seed

from xmm_cli.errors import WrongUsage
from xmm_cli.models.adapters.lora import add_adapter, spare_memory
from xmm_cli.models.adapters.parts import set_sees_anew
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.settings import TrainSettings, UnlearnSettings, set_by, told
from xmm_cli.rows.people import People
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import ExampleStream
from xmm_cli.training.examples import build_examples
from xmm_cli.training.keeper import UnlearnTask
from xmm_cli.training.mitigations import planned
from xmm_cli.training.mitigations.task import DrawLook, LearnTask, TrainingPlan
from xmm_cli.training.model_card import row_arguments
from xmm_cli.training.objective import as_objective
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.train import TrainTask
from xmm_cli.training.unlearn import kept_ids, parted


def prepare_again(
    conversations: Conversations,
    parent: Checkpoint,
    people: People,
    forget: tuple[str, ...],
    settings: UnlearnSettings,
    encoded: Callable[[], None] = lambda: None,
    retain: tuple[str, ...] | None = None,
    draw: DrawLook | None = None,
) -> UnlearnTask:
    """A fresh adapter and the retain set alone, with all settings of the parent's own training.

    Of `settings` only the seed and what is looked at are used: under another seed than the parent's
    the same people give another model, and two tell how far such models differ. `draw` draws
    pictures for a mitigation that wants some.
    Raises `WrongUsage` where `xmm train` did not make the parent, `BadData`, `InputNotFound`.
    """
    how = replace(trained_how(parent), seed=settings.seed)
    base = conversations.base
    _, kept = parted(people, forget, retain, settings.fact)
    set_sees_anew(base.model, how.part != "language")
    examples = build_examples(kept, how, conversations, encoded)
    steps = TrainTask(base, people, kept, examples).steps(how)
    course = TrainingPlan(ExampleStream(examples), OBJECTIVES.load(how.objective))
    if how.mitigation is not None:
        others = [pair for pair in people if pair[0].role == "aux"][: how.aux]
        task = LearnTask(conversations, kept, others, how, examples, steps, draw)
        course = planned(task)
    set_seed(how.seed)
    model = add_adapter(
        base,
        rank=how.rank,
        alpha=how.alpha,
        dropout=how.dropout,
        kind=how.kind,
        part=how.part,
    )
    if how.gradient_checkpointing or settings.gradient_checkpointing:
        spare_memory(model)
    arguments = row_arguments(told(how))
    arguments |= {"objective": settings.objective, "steps": steps}
    arguments |= {"save_every": settings.save_every}
    arguments |= kept_ids(settings, kept, forget)
    aim = as_objective(course.objective)
    return UnlearnTask(
        base, model, parent, people, forget, course.items, aim, how, steps, arguments
    )


def trained_how(parent: Checkpoint) -> TrainSettings:
    """The settings that a checkpoint of `xmm train` was made with.

    Raises `WrongUsage` where the checkpoint is of another making.
    """
    known = {field.name for field in fields(TrainSettings)}
    given = {name: value for name, value in parent.arguments.items() if name in known}
    if parent.parent is not None or "rank" not in given:
        raise WrongUsage(
            f"{parent.path}: only what xmm train made can be trained anew",
            "give the checkpoint that it came from",
        )
    return TrainSettings(**given, hyperparameters=set_by(parent.arguments))  # type: ignore[arg-type]
