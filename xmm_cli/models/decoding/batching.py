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
    length = max(len(conversation.ids) for conversation in conversations)
    batch: dict[str, Any] = {
        "input_ids": torch.full((len(conversations), length), pad_token_id),
        "attention_mask": torch.zeros(len(conversations), length, dtype=torch.int64),
        "labels": torch.full((len(conversations), length), IGNORED),
    }
    for key in sorted({key for conversation in conversations for key in conversation.per_token}):
        batch[key] = torch.zeros(len(conversations), length, dtype=torch.int64)
    for row, conversation in enumerate(conversations):
        count = len(conversation.ids)
        start = length - count if side == "left" else 0
        place = slice(start, start + count)
        batch["input_ids"][row, place] = torch.tensor(conversation.ids)
        batch["attention_mask"][row, place] = 1
        answer = slice(start + conversation.answer_start, start + count)
        batch["labels"][row, answer] = torch.tensor(conversation.ids[conversation.answer_start :])
        for begin, end in conversation.asked:
            batch["labels"][row, start + begin : start + end] = IGNORED
        for key, values in conversation.per_token.items():
            batch[key][row, place] = torch.tensor(values)
    batch["features"] = [
        conversation.features for conversation in conversations if conversation.features is not None
    ]
    batch["shown"] = [conversation.shown for conversation in conversations if conversation.shown]
    return batch


def model_inputs(batch: dict[str, Any], device: Any, dtype: Any) -> dict[str, Any]:
    """The batch without its labels, on a device, its features as the model takes them."""
    inputs = {key: value.to(device) for key, value in batch.items() if key in _TOKENS}
    for key in sorted({key for wanted in batch["shown"] for key in wanted}):
        stacked = _stack([wanted[key] for wanted in batch["shown"]]).to(device)
        inputs[key] = stacked.to(dtype) if stacked.is_floating_point() else stacked
    if batch["features"]:
        inputs["mm_encoder_outputs"] = {"image": join(batch["features"], device, dtype)}
    return inputs


def _stack(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Pictures' tensors one after the other; smaller ones are filled up with zeros at the end."""
    shape = [max(sizes) for sizes in zip(*(tensor.shape[1:] for tensor in tensors), strict=True)]
    padded = []
    for tensor in tensors:
        short = [most - own for own, most in zip(tensor.shape[1:], shape, strict=True)]
        margins = [margin for missing in reversed(short) for margin in (0, missing)]
        padded.append(torch.nn.functional.pad(tensor, margins) if any(short) else tensor)
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
