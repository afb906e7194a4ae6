"""Batches of examples, each of which plays a part: to keep, to forget, to be told alike."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import torch
from torch.utils.data import Dataset

from xmm_cli.compat import decoder_layers
from xmm_cli.models.conversation import IGNORED, Conversation
from xmm_cli.models.decoding.batching import answer_logits, pad
from xmm_cli.models.loading import Base
from xmm_cli.training.batch import Part, Parts

ROLES = tuple(field.name for field in fields(Parts))
"""The parts that an example can play, in the order in which they stand in a batch."""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation and, where an objective asks for it, what the model thought of it before.

    `reference`: float32 `(answer tokens,)`, log-probabilities in nats.
    """

    conversation: Conversation
    reference: torch.Tensor | None = None


Item = Mapping[str, Example]
"""Examples by the part of `Parts` that each plays; every item of a data set has the same parts."""


class ExampleStream(Dataset[Item]):
    """Examples to learn, nothing else."""

    def __init__(self, examples: Sequence[Conversation]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Item:
        return {"retain": Example(self.examples[index])}


Gone = Literal["forget", "instead"]
"""The parts of `Parts` that what is to be forgotten can play."""


class Pairs(Dataset[Item]):
    """Every example to forget, each beside one to keep that is drawn anew at every visit.

    Item `i` is made from the seed and `i` alone; `rounds` says how often each is visited. `gone` is
    what is to be forgotten, by part: the right answers, other answers for the same views, or both.
    """

    def __init__(
        self,
        gone: Mapping[Gone, Sequence[Example]],
        retain: Sequence[Conversation],
        rounds: int,
        seed: int,
    ) -> None:
        self.gone, self.retain, self.rounds, self.seed = gone, retain, rounds, seed
        (self.views,) = {len(examples) for examples in gone.values()}

    def __len__(self) -> int:
        return self.views * self.rounds

    def __getitem__(self, index: int) -> Item:
        rng = random.Random(f"{self.seed}: pair {index}")
        place = index % self.views
        item = {"retain": Example(rng.choice(self.retain))}
        for part, examples in self.gone.items():
            item[part] = examples[place]
        return item


class Collator:
    """One padded batch of items, part by part."""

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, items: Sequence[Item]) -> dict[str, Any]:
        """The batch of `models.batching.pad`, with `bounds` and `reference` by part."""
        parts = {role: [item[role] for item in items] for role in ROLES if role in items[0]}
        whole = [one.conversation for part in parts.values() for one in part]
        batch = pad(whole, self.pad_token_id, "right")
        batch["bounds"] = {}
        batch["reference"] = {}
        start = 0
        for role, part in parts.items():
            batch["bounds"][role] = (start, start + len(part))
            start += len(part)
            known = [one.reference for one in part if one.reference is not None]
            if known:
                batch["reference"][role] = torch.cat(known)
        return batch


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model thinks of the answer tokens of a batch.

    `logits`: float `(tokens, vocabulary)`; `wanted`, `rows`: int64 `(tokens,)`, as in `Part`;
    `hidden`: float `(tokens, width)`, where it was asked for.
    """

    logits: torch.Tensor
    wanted: torch.Tensor
    rows: torch.Tensor
    hidden: torch.Tensor | None = None


def answers(
    model: Any, batch: dict[str, Any], device: Any, dtype: Any, depth: float | None = None
) -> Answers:
    """The answer tokens of a batch under a model; with hidden states from `depth`, if given.

    `depth` is a share of the language model's layers: 0.5 is the output of the one halfway up.
    """
    if depth is None:
        return Answers(*answer_logits(model, batch, device, dtype))
    caught: list[torch.Tensor] = []

    def catch(_module: Any, _given: Any, output: Any) -> None:
        caught.append(output[0] if isinstance(output, tuple) else output)

    hook = _layer(model, depth).register_forward_hook(catch)
    try:
        found = answer_logits(model, batch, device, dtype)
    finally:
        hook.remove()
    asked = batch["labels"][:, 1:].to(device) != IGNORED
    return Answers(*found, caught[-1][asked])


def _layer(model: Any, depth: float) -> torch.nn.Module:
    """The layer so far up a language model."""
    plain = getattr(model, "module", model)  # out of DistributedDataParallel
    layers: torch.nn.ModuleList = decoder_layers(plain.get_decoder())
    return layers[max(round(depth * len(layers)), 1) - 1]


def split(now: Answers, batch: dict[str, Any], before: Answers | None = None) -> Parts:
    """The parts of a batch, from what the model, and the model before, thinks of it."""
    parts = {}
    for role, (start, stop) in batch["bounds"].items():
        own = (now.rows >= start) & (now.rows < stop)
        reference = batch["reference"].get(role)
        parts[role] = Part(
            now.logits[own],
            now.wanted[own],
            now.rows[own] - start,
            None if reference is None else reference.to(now.logits.device),
            None if before is None else before.logits[own],
            None if now.hidden is None else now.hidden[own],
            None if before is None or before.hidden is None else before.hidden[own],
        )
    return Parts(**parts)


@torch.no_grad()
def with_reference(
    base: Base, model: Any, conversations: Sequence[Conversation], batch_size: int
) -> list[Example]:
    """Examples with the log-probabilities that the model gives their answers now."""
    examples = []
    for start in range(0, len(conversations), batch_size):
        part = conversations[start : start + batch_size]
        batch = pad(part, base.pad_token_id, "right")
        logits, wanted, rows = answer_logits(model, batch, base.device, base.model.dtype)
        logprobs = Part(logits, wanted, rows).logprobs().cpu()
        counts = torch.bincount(rows.cpu(), minlength=len(part)).tolist()
        examples += [
            Example(one, known.clone())
            for one, known in zip(part, logprobs.split(counts), strict=True)
        ]
    return examples
