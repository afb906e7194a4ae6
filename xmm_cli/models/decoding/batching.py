"""Conversations as one padded batch, and what a model is called with."""

from collections.abc import Sequence
from typing import Any, Literal

import torch

from xmm_cli.models.conversation import IGNORED, Conversation
from xmm_cli.models.decoding.last_layer import last_layer_at
from xmm_cli.models.first_prompt import PER_TOKEN
from xmm_cli.models.vision.features import join

_TOKENS = ("input_ids", "attention_mask", *PER_TOKEN)
"""What a model is given for each token."""


def pad(
    conversations: Sequence[Conversation], pad_token_id: int, side: Literal["left", "right"]
) -> dict[str, Any]:
    """Tensors of a batch.

    `input_ids`, `attention_mask`, `labels` (`IGNORED` outside answers) and whatever the model
    wants per token: int64 `(n, longest)`. `features` and `shown`: lists, in row order, of the
    pictures' features and of what else the model wants of them.
    """
    length = max(len(one.ids) for one in conversations)
    batch: dict[str, Any] = {
        "input_ids": torch.full((len(conversations), length), pad_token_id),
        "attention_mask": torch.zeros(len(conversations), length, dtype=torch.int64),
        "labels": torch.full((len(conversations), length), IGNORED),
    }
    for key in sorted({key for one in conversations for key in one.per_token}):
        batch[key] = torch.zeros(len(conversations), length, dtype=torch.int64)
    for row, one in enumerate(conversations):
        count = len(one.ids)
        start = length - count if side == "left" else 0
        place = slice(start, start + count)
        batch["input_ids"][row, place] = torch.tensor(one.ids)
        batch["attention_mask"][row, place] = 1
        told = slice(start + one.answer_start, start + count)
        batch["labels"][row, told] = torch.tensor(one.ids[one.answer_start :])
        for begin, end in one.asked:
            batch["labels"][row, start + begin : start + end] = IGNORED
        for key, values in one.per_token.items():
            batch[key][row, place] = torch.tensor(values)
    batch["features"] = [one.features for one in conversations if one.features is not None]
    batch["shown"] = [one.shown for one in conversations if one.shown]
    return batch


def model_inputs(batch: dict[str, Any], device: Any, dtype: Any) -> dict[str, Any]:
    """The batch without its labels, on a device, its features as the model takes them."""
    inputs = {key: value.to(device) for key, value in batch.items() if key in _TOKENS}
    for key in sorted({key for one in batch["shown"] for key in one}):
        stacked = _stack([one[key] for one in batch["shown"]]).to(device)
        inputs[key] = stacked.to(dtype) if stacked.is_floating_point() else stacked
    if batch["features"]:
        inputs["mm_encoder_outputs"] = {"image": join(batch["features"], device, dtype)}
    return inputs


def _stack(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Pictures' tensors one after the other; smaller ones are filled up with zeros at the end."""
    shape = [max(sizes) for sizes in zip(*(one.shape[1:] for one in tensors), strict=True)]
    padded = []
    for one in tensors:
        short = [most - own for own, most in zip(one.shape[1:], shape, strict=True)]
        margins = [margin for missing in reversed(short) for margin in (0, missing)]
        padded.append(torch.nn.functional.pad(one, margins) if any(short) else one)
    return torch.cat(padded)


def ends_of(batch: dict[str, Any], device: Any) -> torch.Tensor:
    """Bool, of the shape of a left-padded batch: the last token of each row."""
    ends = torch.zeros_like(batch["input_ids"], dtype=torch.bool, device=device)
    ends[:, -1] = True
    return ends


def behind_prompts(positions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Int64 `(…, n, 1)`: the position of a token behind each prompt, the same on every axis."""
    last = positions.masked_fill(~mask, -1).amax(dim=-1, keepdim=True)
    if positions.dim() > 2:
        last = last.amax(dim=0, keepdim=True).expand(len(positions), -1, -1)
    return last + 1


def answer_logits(
    model: Any, batch: dict[str, Any], device: Any, dtype: Any
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What the model thinks of every answer token of a batch; no other logits are computed.

    Returns the logits of the positions before them, `(answer tokens, vocabulary)`, the tokens,
    int64 `(answer tokens,)`, and the rows they stand in, int64 `(answer tokens,)`.
    """
    labels = batch["labels"][:, 1:].to(device)
    asked = labels != IGNORED
    # nothing follows the last token of the longest row: it is not read
    read = {key: value[:, :-1] if key in _TOKENS else value for key, value in batch.items()}
    inputs = model_inputs(read, device, dtype)
    behind = bool((batch["attention_mask"][:, 0] == 1).all())
    if behind and not any(key in batch for key in PER_TOKEN):
        # nothing before sees padding that stands behind, and without a mask attention is faster;
        # models with token types may have prompts that see both ways
        del inputs["attention_mask"]
    with last_layer_at(model, asked):
        output = model(**inputs, logits_to_keep=asked, use_cache=False)
    return output.logits, labels[asked], asked.nonzero()[:, 0]
