"""The parts of a batch as objectives see them: answer tokens and their logits."""

from dataclasses import dataclass
from typing import TypeVar

import torch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """The answer tokens of some examples.

    `logits`: float `(tokens, vocabulary)`; `wanted`: int64 `(tokens,)`, the right tokens; `rows`:
    int64 `(tokens,)`, the example of each, counted from 0; `reference`: float32 `(tokens,)`, the
    log-probability of each right token under the model before unlearning, where it is asked for.
    Where an objective asks for them too, `reference_logits`: float `(tokens, vocabulary)`, of the
    model before, and `hidden`, `reference_hidden`: float `(tokens, width)`, the hidden states that
    the answer tokens are told from, now and before.
    """

    logits: torch.Tensor
    wanted: torch.Tensor
    rows: torch.Tensor
    reference: torch.Tensor | None = None
    reference_logits: torch.Tensor | None = None
    hidden: torch.Tensor | None = None
    reference_hidden: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.wanted)

    def logprobs(self) -> torch.Tensor:
        """float32 `(tokens,)`: log-probability of each right token, in nats."""
        return -torch.nn.functional.cross_entropy(
            self.logits.float(), self.wanted, reduction="none"
        )

    def nll(self) -> torch.Tensor:
        """The mean negative log-likelihood of an answer token, a scalar in nats."""
        return -self.logprobs().mean()

    def summed(self) -> torch.Tensor:
        """float32 `(examples,)`: the log-likelihood of each answer, in nats."""
        return self.by_example(self.logprobs())

    def summed_before(self) -> torch.Tensor:
        """The same under the model before unlearning.

        Raises `ValueError` where it is not known: a defect of the caller.
        """
        return self.by_example(_known(self.reference, "log-probabilities"))

    def logits_before(self) -> torch.Tensor:
        """float32 `(tokens, vocabulary)`, of the model before. Raises as `summed_before`."""
        return _known(self.reference_logits, "logits").float()

    def states(self) -> tuple[torch.Tensor, torch.Tensor]:
        """float32 `(tokens, width)` twice: hidden states now and before. Raises likewise."""
        now, before = _known(self.hidden, "states"), _known(self.reference_hidden, "states")
        return now.float(), before.float()

    def by_example(self, values: torch.Tensor) -> torch.Tensor:
        """float32 `(examples,)`: the sum over each example's tokens of values `(tokens,)`."""
        count = int(self.rows.max()) + 1
        return values.new_zeros(count).index_add(0, self.rows, values)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is in a batch, by the part it plays; `retain` is what is learned or kept.

    `instead` shows what `forget` shows, in the same order, with another answer. `shown` and `told`
    are the same auxiliary people, in the same order, in a picture and in a description.
    """

    retain: Part
    forget: Part | None = None
    instead: Part | None = None
    shown: Part | None = None
    told: Part | None = None

    @property
    def forgotten(self) -> Part:
        """The forget part, for objectives that need one.

        Raises `ValueError` where there is none: a defect of the caller.
        """
        return _needed(self.forget, "a forget set")

    @property
    def replaced(self) -> Part:
        """The other answers for the forget part, for objectives that need them.

        Raises `ValueError` where there are none: a defect of the caller.
        """
        return _needed(self.instead, "other answers for the forget set")


def _needed(value: T | None, what: str) -> T:
    if value is None:
        raise ValueError(f"this objective needs {what}")
    return value


def _known(values: torch.Tensor | None, what: str) -> torch.Tensor:
    return _needed(values, f"the {what} of the model before unlearning")
