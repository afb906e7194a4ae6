"""Batches of examples, alone or in pairs of one to forget and one to keep."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import Dataset

from xmm_cli.models.batching import answer_logits, pad
from xmm_cli.models.conversation import Conversation
from xmm_cli.models.loading import Base
from xmm_cli.training.parts import Part, Parts


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation and, where an objective asks for it, what the model thought of it before.

    `reference`: float32 `(answer tokens,)`, log-probabilities in nats.
    """

    conversation: Conversation
    reference: torch.Tensor | None = None


Item = tuple[Example | None, Example]
"""An example to forget, or none, and one to learn or keep."""


class Lessons(Dataset[Item]):
    """Examples to learn, nothing to forget."""

    def __init__(self, examples: Sequence[Conversation]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Item:
        return None, Example(self.examples[index])


class Pairs(Dataset[Item]):
    """Every example to forget, each beside one to keep that is drawn anew at every visit.

    Item `i` is made from the seed and `i` alone; `rounds` says how often each is visited.
    """

    def __init__(
        self, forget: Sequence[Example], retain: Sequence[Conversation], rounds: int, seed: int
    ) -> None:
        self.forget, self.retain, self.rounds, self.seed = forget, retain, rounds, seed

    def __len__(self) -> int:
        return len(self.forget) * self.rounds

    def __getitem__(self, index: int) -> Item:
        rng = random.Random(f"{self.seed}: pair {index}")
        return self.forget[index % len(self.forget)], Example(rng.choice(self.retain))


class Collate:
    """One padded batch of items: the examples to forget come first."""

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, items: Sequence[Item]) -> dict[str, Any]:
        """The batch of `models.batching.pad`, with `forget_rows` and `reference`."""
        forget = [one for one, _ in items if one is not None]
        retain = [one for _, one in items]
        batch = pad([one.conversation for one in forget + retain], self.pad_token_id, "right")
        known = [one.reference for one in forget if one.reference is not None]
        batch["forget_rows"] = len(forget)
        batch["reference"] = torch.cat(known) if known else None
        return batch


def split(
    logits: torch.Tensor, wanted: torch.Tensor, rows: torch.Tensor, batch: dict[str, Any]
) -> Parts:
    """The two parts of a batch, from what `answer_logits` gives."""
    border = batch["forget_rows"]
    kept = rows >= border
    retain = Part(logits[kept], wanted[kept], rows[kept] - border)
    if not border:
        return Parts(retain)
    reference = batch["reference"]
    if reference is not None:
        reference = reference.to(logits.device)
    return Parts(retain, Part(logits[~kept], wanted[~kept], rows[~kept], reference))


@torch.no_grad()
def with_reference(
    base: Base, model: Any, conversations: Sequence[Conversation], batch_size: int
) -> list[Example]:
    """Examples with the log-probabilities that the model gives their answers now."""
    examples = []
    for start in range(0, len(conversations), batch_size):
        part = conversations[start : start + batch_size]
        batch = pad(part, base.tokenizer.pad_token_id, "right")
        logits, wanted, rows = answer_logits(model, batch, base.device, base.model.dtype)
        logprobs = Part(logits, wanted, rows).logprobs().cpu()
        counts = torch.bincount(rows.cpu(), minlength=len(part)).tolist()
        examples += [
            Example(one, known.clone())
            for one, known in zip(part, logprobs.split(counts), strict=True)
        ]
    return examples
