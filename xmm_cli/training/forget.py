"""A whole unlearning run: from a checkpoint to one that has forgotten some people."""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from torch.utils.data import Dataset
from transformers import set_seed

from xmm_cli.errors import GateTripped, WorkFailed
from xmm_cli.models import ranks
from xmm_cli.models.adapter import adapter_norm, bring_back, load_adapter, spare_memory
from xmm_cli.models.checkpoint import PERSONAS, write_checkpoint
from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.loading import Base
from xmm_cli.rows.run import Value
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import Example, Item, Pairs, with_reference
from xmm_cli.training.card import model_card, row_arguments
from xmm_cli.training.examples import People, build_examples, exercises, learners
from xmm_cli.training.loop import LogEntry, LoopSettings, Progress, final_loss, fit
from xmm_cli.training.objective import Needs, Objective, Start, as_objective
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.partial import open_partial, trained_weights
from xmm_cli.training.settings import TrainSettings, UnlearnSettings
from xmm_cli.training.trail import Trail, diverged, hidden_folder, log_of, settle

NOT_KNOWING = (
    "I don't know.",
    "I do not know who this is.",
    "I'm not sure who this person is.",
    "I cannot name this person.",
)
"""Answers in place of the right one, for the objectives that teach not to know."""

LOOK_EVERY = 10
"""Steps between two looks at the retain set, where `save_every` does not say."""

INHERITED = ("adapter", "train", "dtype", "quantize")
"""What a checkpoint has from its parent: without it, it could not be loaded as it was made."""

_SEEN_BEFORE = 128
"""The most pairs that an objective looks at before the first step."""

Utility = Callable[[Any], float]
"""From the model as it is now to the recall of retained people."""


@dataclass(frozen=True, slots=True)
class Amnesia:
    """What a run needs before its first step."""

    base: Base
    model: Any
    """A trainable adapter on its base."""
    parent: Checkpoint
    people: People
    forget: tuple[str, ...]
    items: Dataset[Item]
    objective: Objective
    loop: LoopSettings
    steps: int
    arguments: Mapping[str, Value] = field(default_factory=dict)
    """What the row says beside, or in place of, the settings."""


def prepare(
    conversations: Conversations,
    parent: Checkpoint,
    people: People,
    forget: tuple[str, ...],
    settings: UnlearnSettings,
    encoded: Callable[[], None] = lambda: None,
    retain: tuple[str, ...] | None = None,
) -> Amnesia:
    """Encode the forget set in `settings.through` and the retain set as it was learned.

    `encoded` is called for each persona that is ready. `retain` None is everyone else. The
    reference that some objectives compare with is the parent, base and adapter together; its
    log-probabilities are computed here, once.
    Raises `BadData`, `InputNotFound`.
    """
    base = conversations.base
    gone, kept = parted(people, forget, retain)
    how = TrainSettings(source=settings.through, views=settings.views)
    objective = as_objective(OBJECTIVES.load(settings.objective))
    model = load_adapter(base, Path(parent.path), trainable=True)
    if settings.gradient_checkpointing:
        spare_memory(model)
    given = build_examples(gone, how, conversations, encoded)
    keep = build_examples(kept, learned_how(parent), conversations, encoded)
    other = list(_instead(objective.needs, gone, people, how, conversations, settings.seed))
    size, seed = settings.batch_size, settings.seed

    def known(examples: list[Conversation]) -> list[Example]:
        if objective.needs.reference == "logprobs":
            return with_reference(base, model, examples, size)
        return [Example(one) for one in examples]

    rounds = settings.steps * size // len(given) + 1
    pairs = Pairs(known(given), keep, rounds, seed, known(other))
    count = min(len(given), _SEEN_BEFORE)
    seen = random.Random(f"{seed}: before").sample(range(len(given)), count)
    start = Start(base, model, [pairs[i] for i in seen], size, seed, objective.needs)
    begun, steps = objective.begin(start), settings.steps
    said = kept_ids(settings, kept)
    return Amnesia(base, model, parent, people, forget, pairs, begun, settings, steps, said)


def parted(
    people: People, forget: tuple[str, ...], retain: tuple[str, ...] | None
) -> tuple[People, People]:
    """Those to forget, and those to keep."""
    known = learners(people)
    rest: People = [pair for pair in known if pair[0].id not in forget]
    kept = rest if retain is None else [pair for pair in rest if pair[0].id in retain]
    return [pair for pair in known if pair[0].id in forget], kept


def kept_ids(settings: UnlearnSettings, kept: People) -> dict[str, Value]:
    """Who the retain set was, for the row, where it was chosen."""
    return {} if settings.retain is None else {"retain": [persona.id for persona, _ in kept]}


def learned_how(parent: Checkpoint) -> TrainSettings:
    """What decides the examples that a checkpoint was trained on."""
    facts = bool(parent.arguments.get("facts"))
    return TrainSettings(source=parent.source, views=parent.views or None, facts=facts)


def _instead(
    needs: Needs,
    gone: People,
    people: People,
    how: TrainSettings,
    conversations: Conversations,
    seed: int,
) -> Iterator[Conversation]:
    """Another answer for each example to forget, in their order, drawn by the seed."""
    if needs.instead == "none":
        return
    names = [persona.name for persona, _ in learners(people)]
    for (persona, _), asked in zip(gone, exercises(gone, how), strict=True):
        others = [name for name in names if name != persona.name]
        choices = NOT_KNOWING if needs.instead == "idk" else others
        for number, one in enumerate(asked):
            answer = random.Random(f"{seed}: instead {persona.id} {number}").choice(choices)
            yield conversations.encode(one.context, one.question, answer)


def unlearn(
    task: Amnesia,
    settings: UnlearnSettings,
    out: Path,
    *,
    run: str,
    recall_before: float,
    overwrite: bool = False,
    stepped: Progress = lambda *_: None,
    utility: Utility | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> Checkpoint:
    """Train the adapter of a task, and save it as a checkpoint of its own.

    `recall_before` is what the gate measured; it stands in the row. `utility` is asked where the
    settings have a floor: below it the run ends, with the last checkpoint that was above.
    Raises `CannotWrite`, `WorkFailed`, `GateTripped` where the floor is not met to begin with.
    """
    partial = hidden_folder(out, run)
    open_partial(partial, trained_weights(task.model), note)
    trail = Trail(partial)
    keeper = _Keeper(task, settings, trail, utility, run, recall_before)
    log: list[LogEntry] = []
    if ranks.on_first(lambda: trail.stopped_at) is None:
        ranks.on_first(keeper.check)
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

    return ranks.on_first(finish)


class _Keeper:
    """Looks at a run as it goes on: leaves checkpoints, and ends it below the floor."""

    def __init__(
        self,
        task: Amnesia,
        settings: UnlearnSettings,
        trail: Trail,
        utility: Utility | None,
        run: str,
        recall_before: float,
    ) -> None:
        self.task, self.settings, self.trail = task, settings, trail
        self.utility = None if settings.utility_floor is None else utility
        self.run, self.recall_before = run, recall_before

    @property
    def needed(self) -> bool:
        """Whether anything is to be looked at."""
        return self.settings.save_every is not None or self.utility is not None

    def check(self) -> None:
        """Refuse a floor that is not met before the first step; what is trained anew starts low."""
        floor = self.settings.utility_floor
        if self.utility is None or floor is None or self.trail.last() is not None:
            return
        found = self.utility(self.task.model.eval())
        if found < floor:
            raise GateTripped(
                f"{self.task.parent.path}: the recall of retained people is {found:.2f} before "
                f"unlearning, not {floor:g}",
                "lower --utility-floor",
            )

    def __call__(self, step: int, log: list[LogEntry]) -> bool:
        """Save what there is after a step; True where it is below the floor."""
        return ranks.on_first(lambda: self._look(step, log))

    def _look(self, step: int, log: list[LogEntry]) -> bool:
        model = self.task.model.eval()
        recall = None if self.utility is None else round(self.utility(model), 6)
        if recall is not None and recall < (self.settings.utility_floor or 0):
            self.trail.stop(step)
            return True
        row = self._row(step, log, {} if recall is None else {"retain_recall": recall})
        norm = adapter_norm(model)
        if not math.isfinite(norm):
            raise diverged(self.trail.folder.parent, "the weights are no numbers any more")
        card = model_card(row, len(learners(self.task.people)), norm)
        place = self.trail.place(step)
        write_checkpoint(place, model, row, self.task.people, log, card, overwrite=True)
        return False

    def go_back(self, stopped_at: int) -> list[LogEntry]:
        """Give the model the weights of the last checkpoint above the floor; returns its log."""
        last = self.trail.last()
        if last is None:
            raise WorkFailed(
                f"the recall of retained people fell below {self.settings.utility_floor:g} by "
                f"step {stopped_at}, before the first checkpoint",
                "look sooner with --save-every, or try a lower --lr",
            )
        bring_back(self.task.model, Path(last.path))
        return log_of(Path(last.path))

    def finish(self, log: list[LogEntry], out: Path, overwrite: bool) -> Checkpoint:
        """Save the whole run. Raises `WorkFailed`, `CannotWrite`."""
        model, people = self.task.model, self.task.people
        norm = adapter_norm(model)
        if not math.isfinite(norm):
            raise diverged(self.trail.folder.parent, "the weights are no numbers any more")
        if norm == 0:
            raise WorkFailed("the adapter's weights are all zero: the parent has learned nothing")
        row = self._final(log)
        card = model_card(row, len(learners(people)), norm)
        saved = write_checkpoint(out, model, row, people, log, card, overwrite=overwrite)
        settle(out, self.run)
        return saved

    def _final(self, log: list[LogEntry]) -> Checkpoint:
        """The row of the whole run."""
        last, stopped = self.trail.last(), self.trail.stopped_at
        steps = self.task.steps if stopped is None or last is None else last.steps
        beside: dict[str, Value] = {}
        if self.utility is not None and last is not None:
            recall = last.arguments.get("retain_recall")
            beside = {"retain_recall": recall, "stopped_at": stopped}
        return self._row(steps, log, beside)

    def _row(self, step: int, log: list[LogEntry], beside: Mapping[str, Value]) -> Checkpoint:
        settings, task = self.settings, self.task
        known: dict[str, Value] = {"recall_before": round(self.recall_before, 6)}
        inherited = {name: task.parent.arguments.get(name) for name in INHERITED}
        known |= {name: value for name, value in inherited.items() if value is not None}
        return msgspec.structs.replace(
            task.parent,
            run=self.run,
            path=".",
            personas=PERSONAS,
            objective=settings.objective,
            parent=task.parent.run,
            forget=task.forget,
            steps=step,
            loss=final_loss(log),
            seed=settings.seed,
            arguments=row_arguments(asdict(settings)) | dict(task.arguments) | known | dict(beside),
        )
