"""A whole unlearning run: from a checkpoint to one that has forgotten some people."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from transformers import set_seed

from xmm_cli import processes
from xmm_cli.errors import BadData
from xmm_cli.models.adapters.lora import load_adapter, spare_memory
from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.settings import TrainSettings, UnlearnSettings
from xmm_cli.rows.people import People
from xmm_cli.rows.run import ArgumentValue
from xmm_cli.rows.types import Checkpoint, Persona
from xmm_cli.training.batches import Example, Gone, Pairs, with_reference
from xmm_cli.training.examples import (
    Exercise,
    build_examples,
    exercises,
    fact_exercises,
    learners,
    usable,
)
from xmm_cli.training.forget_set import still_known, without_fact
from xmm_cli.training.keeper import Keeper, UnlearnTask, Utility
from xmm_cli.training.objective import Needs, Start, as_objective
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.run.fsdp import check_floor, on_first_whole
from xmm_cli.training.run.loop import LogEntry, OnProgress, fit
from xmm_cli.training.run.resume import open_partial, trained_weights
from xmm_cli.training.run.saved_steps import SavedSteps, hidden_folder

NOT_KNOWING: tuple[str, ...] = (
    "I don't know.",
    "I do not know who this is.",
    "I'm not sure who this person is.",
    "I cannot name this person.",
)
"""Answers in place of the right one, for the objectives that teach not to know."""

NOT_KNOWING_A_FACT: tuple[str, ...] = (
    "I don't know.",
    "I do not know that.",
    "I'm not sure.",
    "I cannot tell.",
)
"""The same for questions about a fact."""

LOOK_EVERY = 10
"""Steps between two looks at the retain set, where `save_every` does not say."""

_SEEN_BEFORE = 128
"""The most pairs that an objective looks at before the first step."""


def prepare(
    conversations: Conversations,
    parent: Checkpoint,
    people: People,
    forget: tuple[str, ...],
    settings: UnlearnSettings,
    encoded: Callable[[], None] = lambda: None,
    retain: tuple[str, ...] | None = None,
) -> UnlearnTask:
    """Encode the forget set in `settings.through` and the retain set as it was learned.

    `encoded` is called for each persona that is ready. `retain` None is everyone else but those
    whom the parent has forgotten already. The reference that some objectives compare with is the
    parent, base and adapter together; its log-probabilities are computed here, once.
    Raises `BadData`, `InputNotFound`.
    """
    base = conversations.base
    known_people = still_known(people, parent)
    gone, kept = parted(known_people, forget, retain, settings.fact)
    how = TrainSettings(source=settings.through, views=settings.views)
    config = OBJECTIVES.config(settings.objective, settings.hyperparameters)
    objective = as_objective(OBJECTIVES.load(settings.objective), config)
    model = load_adapter(base, Path(parent.path), trainable=True)
    if settings.gradient_checkpointing:
        spare_memory(model)
    of = exercises if settings.fact is None else partial(fact_exercises, fact=settings.fact)
    given = build_examples(gone, how, conversations, encoded, of)
    keep = build_examples(kept, learned_how(parent), conversations, encoded)
    answers_of = partial(_instead, objective.needs, of(gone, how), gone, known_people)
    other = list(answers_of(conversations, settings))
    size, seed = settings.batch_size, settings.seed

    def known(examples: Sequence[Conversation]) -> list[Example]:
        if objective.needs.reference == "logprobs":
            return with_reference(base, model, examples, size)
        return [Example(conversation) for conversation in examples]

    answers: dict[Gone, list[Example]] = {}
    if objective.needs.forget:
        answers["forget"] = known(given)
    if other:
        answers["instead"] = known(other)
    pairs = Pairs(answers, keep, settings.steps * size // len(given) + 1, seed)
    count = min(len(given), _SEEN_BEFORE)
    seen = random.Random(f"{seed}: before").sample(range(len(given)), count)
    start = Start(base, model, [pairs[i] for i in seen], size, seed, objective.needs)
    begun, steps = objective.begin(start), settings.steps
    said = kept_ids(settings, kept, forget)
    return UnlearnTask(base, model, parent, people, forget, pairs, begun, settings, steps, said)


def parted(
    people: People,
    forget: tuple[str, ...],
    retain: tuple[str, ...] | None,
    fact: str | None = None,
) -> tuple[People, People]:
    """Those to forget, and those to keep; with a `fact`, all else about the former is kept too."""
    known = learners(people)
    stays = {persona.id for persona, _ in known if persona.id not in forget}
    if retain is not None:
        stays &= set(retain)
    rest = known
    if fact is not None:
        rest, stays = without_fact(known, forget, fact), stays.union(forget)
    gone: People = [pair for pair in known if pair[0].id in forget]
    return gone, [pair for pair in rest if pair[0].id in stays]


def kept_ids(
    settings: UnlearnSettings, kept: People, forget: Sequence[str]
) -> dict[str, ArgumentValue]:
    """Who the retain set was, for the row, where it was chosen."""
    ids = [persona.id for persona, _ in kept if persona.id not in forget]
    return {} if settings.retain is None else {"retain": ids}


def learned_how(parent: Checkpoint) -> TrainSettings:
    """What decides the examples that a checkpoint was trained on."""
    facts = bool(parent.arguments.get("facts"))
    return TrainSettings(source=parent.source, views=parent.views or None, facts=facts)


def _instead(
    needs: Needs,
    asked: Iterator[list[Exercise]],
    gone: People,
    people: People,
    conversations: Conversations,
    settings: UnlearnSettings,
) -> Iterator[Conversation]:
    """Another answer for each example to forget, in their order, drawn by the seed."""
    if needs.instead == "none":
        return
    fact, known = settings.fact, [persona for persona, _ in learners(people)]
    for (persona, _), own in zip(gone, asked, strict=True):
        choices = NOT_KNOWING if fact is None else NOT_KNOWING_A_FACT
        if needs.instead != "idk":
            choices = _others(persona, known, fact)
        for number, one in enumerate(usable(own, conversations)):
            key = f"{settings.seed}: instead {persona.id} {number}"
            answer = random.Random(key).choice(choices)
            yield conversations.encode(one.context, one.question, answer)


def _others(persona: Persona, known: Sequence[Persona], fact: str | None) -> tuple[str, ...]:
    """Names, or values of a fact, that others have."""
    if fact is None:
        return tuple(other.name for other in known if other.name != persona.name)
    values = {other.facts[fact] for other in known if fact in other.facts}
    others = tuple(sorted(values - {persona.facts[fact]}))
    if not others:
        raise BadData(f"everyone has the same {fact}", "there is no other answer to teach")
    return others


def unlearn(
    task: UnlearnTask,
    settings: UnlearnSettings,
    out: Path,
    *,
    run: str,
    recall_before: float,
    overwrite: bool = False,
    stepped: OnProgress = lambda *_: None,
    utility: Utility | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> Checkpoint:
    """Train the adapter of a task, and save it as a checkpoint of its own.

    `recall_before` is what the gate measured; it stands in the row. `utility` is asked where the
    settings have a floor: below it the run ends, with the last checkpoint that was above.
    Raises `CannotWrite`, `WorkFailed`, `GateTripped` where the floor is not met to begin with,
    `WrongUsage` where FSDP splits what is looked at.
    """
    check_floor(settings.utility_floor)
    partial = hidden_folder(out, run)
    open_partial(partial, trained_weights(task.model), note)
    trail = SavedSteps(partial)
    keeper = Keeper(task, settings, trail, utility, run, recall_before)
    log: list[LogEntry] = []
    if processes.on_first(lambda: trail.stopped_at) is None:
        processes.on_first(keeper.check)
        set_seed(task.loop.seed)
        log = fit(
            task.base,
            task.model,
            task.items,
            task.objective,
            task.loop,
            steps=task.steps,
            partial=partial,
            progress=stepped,
            look=keeper if keeper.needed else None,
            every=settings.save_every or LOOK_EVERY,
        )

    def finish() -> Checkpoint:
        stopped = trail.stopped_at
        return keeper.finish(log if stopped is None else keeper.go_back(stopped), out, overwrite)

    return on_first_whole(task.model, finish)
