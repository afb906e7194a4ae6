"""Greedy answers, many at a time."""

from collections.abc import Sequence
from typing import Any

import torch

from xmm_cli.models.batching import model_inputs, pad
from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.last_layer import last_layer_at
from xmm_cli.models.loading import Base


@torch.inference_mode()
def generate(
    base: Base,
    model: Any,
    conversations: Conversations,
    prompts: Sequence[Conversation],
    max_new_tokens: int,
    begun: Sequence[int] | None = None,
) -> list[str]:
    """The text that each prompt is answered with, without special tokens, white space stripped.

    `begun`: how many of each prompt's last tokens are the beginning of the answer, told as well.
    """
    batch = pad(prompts, base.tokenizer.pad_token_id, "left")
    ends = torch.zeros_like(batch["input_ids"], dtype=torch.bool, device=base.device)
    ends[:, -1] = True
    with last_layer_at(model, ends):
        produced = model.generate(
            **model_inputs(batch, base.device, base.model.dtype),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            pad_token_id=base.tokenizer.pad_token_id,
            eos_token_id=conversations.end_tokens,
        )
    width = batch["input_ids"].shape[1]
    told = [
        row[width - own :] for row, own in zip(produced, begun or [0] * len(prompts), strict=True)
    ]
    texts = base.tokenizer.batch_decode(told, skip_special_tokens=True)
    return [text.strip() for text in texts]
