"""What an unlearning run needs, and what is kept of it: checkpoints, and its end below a floor."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from torch.utils.data import Dataset

from xmm_cli.errors import GateTripped, WorkFailed
from xmm_cli.models.adapters.lora import adapter_norm, bring_back
from xmm_cli.models.checkpoint import PERSONAS, write_checkpoint
from xmm_cli.models.labels import before_unlearning
from xmm_cli.models.loading import Base
from xmm_cli.models.settings import INHERITED, TOLD, UnlearnSettings, told
from xmm_cli.rows.people import People, as_arguments, dataset_of, gone_from, where_from
from xmm_cli.rows.run import ArgumentValue
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.batches import Item
from xmm_cli.training.examples import learners
from xmm_cli.training.forget_set import by_hand, still_known
from xmm_cli.training.model_card import model_card, row_arguments
from xmm_cli.training.objective import Objective
from xmm_cli.training.run.fsdp import on_first_whole
from xmm_cli.training.run.loop import LogEntry, LoopSettings, final_loss
from xmm_cli.training.run.saved_steps import SavedSteps, diverged, log_of, settle

Utility = Callable[[Any], float]
"""From the model as it is now to the recall of retained people."""


@dataclass(frozen=True, slots=True)
class UnlearnTask:
    """What a run needs before its first step."""

    base: Base
    model: Any
    """A trainable adapter on its base."""
    parent: Checkpoint
    people: People
    forget: tuple[str, ...]
    """Those whom this run makes it forget; its parent may have forgotten others."""
    items: Dataset[Item]
    objective: Objective
    loop: LoopSettings
    steps: int
    arguments: Mapping[str, ArgumentValue] = field(default_factory=dict)
    """What the row says beside, or in place of, the settings."""


class Keeper:
    """Looks at a run as it goes on: leaves checkpoints, and ends it below the floor."""

    def __init__(
        self,
        task: UnlearnTask,
        settings: UnlearnSettings,
        trail: SavedSteps,
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
        return on_first_whole(self.task.model, lambda: self._look(step, log))

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
        beside: dict[str, ArgumentValue] = {}
        if self.utility is not None and last is not None:
            recall = last.arguments.get("retain_recall")
            beside = {"retain_recall": recall, "stopped_at": stopped}
        return self._row(steps, log, beside)

    def _row(
        self, step: int, log: list[LogEntry], beside: Mapping[str, ArgumentValue]
    ) -> Checkpoint:
        settings, task = self.settings, self.task
        known: dict[str, ArgumentValue] = {"recall_before": round(self.recall_before, 6)}
        parent, gone = task.parent, gone_from(task.parent)
        earlier = dict.fromkeys(one.persona for one in gone if one.persona not in task.forget)
        inherited = {name: parent.arguments.get(name) for name in (*INHERITED, *TOLD)}
        known |= {name: value for name, value in inherited.items() if value is not None}
        known |= before_unlearning(parent) | as_arguments(gone) | self._who()
        personas = [persona for persona, _ in task.people]
        return msgspec.structs.replace(
            parent,
            run=self.run,
            path=".",
            personas=PERSONAS,
            dataset=dataset_of(personas),
            objective=settings.objective,
            parent=parent.run,
            forget=(*earlier, *task.forget),
            steps=step,
            loss=final_loss(log),
            seed=settings.seed,
            arguments=row_arguments(told(settings) | where_from(personas))
            | dict(task.arguments)
            | known
            | dict(beside),
        )

    def _who(self) -> dict[str, ArgumentValue]:
        """How many this run makes forgotten, and a digest of who, where people were named."""
        settings, task = self.settings, self.task
        known = learners(still_known(task.people, task.parent))
        kept = [pair for pair in known if pair[0].id not in task.forget]
        retain = task.arguments.get("retain")
        ids = retain if isinstance(retain, list) else ()
        found: dict[str, ArgumentValue] = {
            "forget_count": len(task.forget),
            "forgotten": by_hand(known, task.forget, settings.forget),
            "retained": by_hand(kept, ids, settings.retain),
        }
        return {name: value for name, value in found.items() if value is not None}
