"""What an objective is: a formula over the parts of a batch, and what it needs beside them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch

from xmm_cli.models.loading import Base
from xmm_cli.training.batch import Parts
from xmm_cli.training.batches import Collator, Item, answers, split

Loss = Callable[..., torch.Tensor]
"""From the parts of a batch, and a `config` where it has hyper-parameters, to a scalar."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a formula uses beside the model's own logits.

    `reference`: of the model before unlearning, nothing, the log-probabilities of the right tokens
    of `forget` and `instead` (computed once), or the logits or hidden states of every part
    (computed at every step, with a frozen copy of the adapter). `instead`: the other answer that
    is shown for each example to forget. `forget`: whether the loss looks at the right answers of
    the forget set; they are not computed where it does not. `depth`: how far up the language
    model's layers hidden states are taken, as a share of them.
    """

    reference: Literal["none", "logprobs", "logits", "hidden"] = "none"
    instead: Literal["none", "idk", "other name"] = "none"
    forget: bool = True
    depth: float = 0.5

    @property
    def layer(self) -> float | None:
        """The depth of the hidden states, where they are asked for."""
        return self.depth if self.reference == "hidden" else None

    @property
    def forward(self) -> bool:
        """Whether the model before has to be asked at every step."""
        return self.reference in ("logits", "hidden")


@dataclass(frozen=True, slots=True)
class Start:
    """What an objective may look at before the first step."""

    base: Base
    model: Any
    items: Sequence[Item]
    batch_size: int
    seed: int
    needs: Needs

    def parts(self) -> Iterator[Parts]:
        """The items in batches under the model as it is now, in evaluation mode, with gradients."""
        collate = Collator(self.base.pad_token_id)
        device, dtype = self.base.device, self.base.model.dtype
        self.model.eval()
        for first in range(0, len(self.items), self.batch_size):
            batch = collate(self.items[first : first + self.batch_size])
            yield split(answers(self.model, batch, device, dtype, self.needs.layer), batch)


class Objective:
    """What a training step makes smaller. Hooks do nothing unless an objective says otherwise."""

    needs = Needs()

    def __call__(self, parts: Parts) -> torch.Tensor:
        """The loss, a scalar."""
        raise NotImplementedError

    def configured(self, config: Any) -> "Objective":
        """The same objective with other hyper-parameters: its class takes them as `config`."""
        return type(self)(config=config)  # type: ignore[call-arg]

    def begin(self, start: Start) -> "Objective":  # noqa: ARG002
        """The objective of one run: a fresh one, if it remembers anything."""
        return self

    def before_step(self, step: int) -> None:
        """Called with the steps done, before each loss."""

    def after_backward(self, model: torch.nn.Module) -> None:
        """Called when the gradients of a step are there and not yet clipped."""

    def state(self) -> dict[str, float]:
        """What changes along a run, for going on after an interruption."""
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Take back what `state` gave."""


class PlainObjective(Objective):
    """A plain function of the parts, with what it needs."""

    def __init__(self, loss: Loss, needs: Needs) -> None:
        self.loss, self.needs = loss, needs

    def __call__(self, parts: Parts) -> torch.Tensor:
        """The loss, a scalar."""
        return self.loss(parts)

    def configured(self, config: Any) -> "PlainObjective":
        """The same function with other hyper-parameters."""
        return PlainObjective(partial(self.loss, config=config), self.needs)


def needs(
    *,
    reference: Literal["none", "logprobs", "logits", "hidden"] = "none",
    instead: Literal["none", "idk", "other name"] = "none",
    forget: bool = True,
) -> Callable[[Loss], PlainObjective]:
    """Decorate a function of the parts with what it needs."""
    return lambda loss: PlainObjective(loss, Needs(reference, instead, forget))


def as_objective(loss: Loss, config: Any = None) -> Objective:
    """An objective as it is, or with a `config`; a plain function as one that needs nothing."""
    objective = loss if isinstance(loss, Objective) else PlainObjective(loss, Needs())
    return objective if config is None else objective.configured(config)
