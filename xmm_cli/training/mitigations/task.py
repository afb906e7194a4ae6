"""What a mitigation is given, and what it makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.settings import TrainSettings
from xmm_cli.rows.people import People
from xmm_cli.training.batch import Parts
from xmm_cli.training.batches import Item

DrawLook = Callable[[Mapping[str, str], str], Any]
"""From a look, or a part of one, and a key to the random rest: a `PIL.Image`.

None where too little of the look is known.
"""


@dataclass(frozen=True, slots=True)
class LearnTask:
    """Who is to be learned, and what may be used for it.

    The base of `conversations` has no adapter yet. `examples` are those of plain training, `steps`
    those that the run will take; `draw` may be absent; `note` tells the user something.
    """

    conversations: Conversations
    learned: People
    aux: People
    settings: TrainSettings
    examples: Sequence[Conversation]
    steps: int
    draw: DrawLook | None = None
    note: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What the loop goes through and the loss that it makes smaller, a scalar in nats."""

    items: Dataset[Item]
    objective: Callable[[Parts], torch.Tensor]


Mitigation = Callable[..., TrainingPlan]
"""From a `LearnTask`, and a `config` where it has hyper-parameters, to what is gone through."""


def with_others(mitigation: Mitigation) -> Mitigation:
    """Decorate a mitigation that needs auxiliary people."""
    mitigation.needs_others = True  # type: ignore[attr-defined]
    return mitigation
