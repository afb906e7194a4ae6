"""The two parts of a batch as objectives see them: answer tokens and their logits."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Part:
    """The answer tokens of some examples.

    `logits`: float `(tokens, vocabulary)`; `wanted`: int64 `(tokens,)`, the right tokens; `rows`:
    int64 `(tokens,)`, the example of each, counted from 0; `reference`: float32 `(tokens,)`, the
    log-probability of each right token under the model before unlearning, where it is asked for.
    """

    logits: torch.Tensor
    wanted: torch.Tensor
    rows: torch.Tensor
    reference: torch.Tensor | None = None

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

    def by_example(self, values: torch.Tensor) -> torch.Tensor:
        """float32 `(examples,)`: the sum over each example's tokens of values `(tokens,)`."""
        count = int(self.rows.max()) + 1
        return values.new_zeros(count).index_add(0, self.rows, values)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is to be forgotten (none in plain training) and what is to be learned or kept."""

    retain: Part
    forget: Part | None = None

    @property
    def forgotten(self) -> Part:
        """The forget part, for objectives that need one.

        Raises `ValueError` where there is none: a defect of the caller.
        """
        if self.forget is None:
            raise ValueError("this objective needs a forget set")
        return self.forget
