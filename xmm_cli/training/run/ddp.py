"""A batch that several processes share: each computes its own part, all see the whole.

An objective is a formula over a whole batch: its means run over all answer tokens, and it may be no
sum over examples at all. So the answer tokens' logits are gathered, and every process computes the
same loss of the same whole batch, as a single one would. Backwards, each takes the gradient of its
own logits, W times, since `DistributedDataParallel` then takes the mean over its W processes.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import distributed

from xmm_cli import processes
from xmm_cli.training.batch import Part, Parts
from xmm_cli.training.batches import Item

IDLE = "idle"
"""Marks the batch of a process that has no example of its own."""

Collate = Callable[[Sequence[Item]], dict[str, Any]]


class OwnShare:
    """Collates the examples of a batch that are this process's: a run of them, in order."""

    def __init__(self, collate: Collate) -> None:
        self.collate = collate

    def __call__(self, items: Sequence[Item]) -> dict[str, Any]:
        """The batch; where no example is left for this process, one that does not count."""
        first, last = (
            len(items) * (processes.number() + more) // processes.count() for more in (0, 1)
        )
        mine = items[first:last]
        return self.collate(mine or items[:1]) | {IDLE: not mine}


def some_may_rest(model: Any) -> bool:
    """Whether a batch may leave a trained weight alone: one that looks at pictures, say."""
    language = {
        id(parameter)
        for parameter in getattr(model, "base_model", model).get_decoder().parameters()
    }
    return any(
        parameter.requires_grad and id(parameter) not in language
        for parameter in model.parameters()
    )


class _Gather(torch.autograd.Function):
    """`(own tokens, …)` of each process to `(all tokens, …)`; several tensors of the same tokens.

    A tensor that the loss does not depend on gets zeros, so that every weight has a gradient.
    """

    @staticmethod
    def forward(ctx: Any, counts: list[int], *own: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.counts = counts
        return tuple(_joined(tensor, counts) for tensor in own)

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[Any, ...]:
        start = sum(ctx.counts[: processes.number()])
        own = slice(start, start + ctx.counts[processes.number()])
        return (None, *(gradient[own] * len(ctx.counts) for gradient in given))


def _joined(own: torch.Tensor, counts: list[int]) -> torch.Tensor:
    """The tensors of all processes, end to end; `counts` are their lengths."""
    sent = own.new_zeros(max(counts), *own.shape[1:])
    sent[: len(own)] = own
    got = [torch.empty_like(sent) for _ in counts]
    distributed.all_gather(got, sent)
    return torch.cat([tensor[:count] for tensor, count in zip(got, counts, strict=True)])


def whole(parts: Parts, batch: dict[str, Any]) -> Parts:
    """The parts of the whole batch, from this process's own; the same in every process."""
    gathered = {}
    for field in fields(Parts):
        own = getattr(parts, field.name)
        if own is not None:
            start, stop = batch["bounds"][field.name]
            gathered[field.name] = _whole(own, 0 if batch[IDLE] else stop - start)
    return Parts(**gathered)


def _whole(own: Part, examples: int) -> Part:
    tokens = len(own) if examples else 0
    sizes = torch.tensor([examples, tokens], device=own.logits.device)
    got = [torch.empty_like(sizes) for _ in range(processes.count())]
    distributed.all_gather(got, sizes)
    earlier = sum(int(sizes[0]) for sizes in got[: processes.number()])
    counts = [int(sizes[1]) for sizes in got]
    live = {"logits": own.logits, "hidden": own.hidden}
    still = {
        "wanted": own.wanted,
        "rows": own.rows + earlier,
        "reference": own.reference,
        "reference_logits": own.reference_logits,
        "reference_hidden": own.reference_hidden,
    }
    given = {
        name: tensor[:tokens].contiguous() for name, tensor in live.items() if tensor is not None
    }
    joined = dict(zip(given, _Gather.apply(counts, *given.values()), strict=True))
    joined |= {
        name: _joined(tensor[:tokens].contiguous(), counts)
        for name, tensor in still.items()
        if tensor is not None
    }
    return replace(own, **joined)
