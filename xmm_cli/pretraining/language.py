"""Stages 2 and 3: projector and language model learn to answer, with the tower frozen.

The tower's hidden states are computed once for every picture; each step reads them from a table.
"""

from typing import Any

import numpy as np
import torch
from torch import nn
from transformers.modeling_outputs import BaseModelOutputWithPooling

from xmm_cli import compat
from xmm_cli.pretraining.corpus import IGNORED, PretrainingExample
from xmm_cli.pretraining.vision import hidden_states, pixels

_CHUNK = 256


@torch.inference_mode()
def feature_table(tower: Any, pictures: np.ndarray) -> torch.Tensor:
    """float16 `(n, tokens, width)`: the tower's hidden states for uint8 `(n, H, W, 3)`."""
    chunks = [
        hidden_states(tower, pixels(np.array(pictures[start : start + _CHUNK]))).half()
        for start in range(0, len(pictures), _CHUNK)
    ]
    return torch.cat(chunks).clone()


class AnswerModel(nn.Module):
    """A LLaVA whose pictures come as hidden states of its frozen tower."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        compat.ignore_no_missing_weights(self)
        self.model = model
        model.model.vision_tower.requires_grad_(False)

    def state_dict(self, *arguments: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]
        """All weights once: the output layer is the embedding."""
        weights: dict[str, Any] = super().state_dict(*arguments, **options)
        weights.pop("model.lm_head.weight", None)
        return weights

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        features: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Mean answer-token negative log-likelihood, and the predicted token of each label.

        `input_ids`, `attention_mask`, `labels`: int64 `(n, tokens)`; `features`: float
        `(pictures, image tokens, width)`, in the order in which the rows show pictures.
        """
        asked = torch.zeros_like(labels, dtype=torch.bool)
        asked[:, :-1] = labels[:, 1:] != IGNORED
        images = None
        if len(features):
            shown = self.model.model.multi_modal_projector(features)
            images = {"image": BaseModelOutputWithPooling(pooler_output=list(shown))}
        output = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            mm_encoder_outputs=images,
            logits_to_keep=asked,
            use_cache=False,
        )
        wanted = labels[:, 1:][asked[:, :-1]]
        logits = output.logits.float()
        return {
            "loss": nn.functional.cross_entropy(logits, wanted),
            "right": logits.argmax(-1) == wanted,
        }


class ExampleBatches:
    """Pads examples on the right and gathers the pictures they show."""

    def __init__(self, table: torch.Tensor, pad_token_id: int) -> None:
        self.table = table
        self.pad_token_id = pad_token_id

    def __call__(self, examples: list[PretrainingExample]) -> dict[str, torch.Tensor]:
        """The arguments of `AnswerModel.forward`."""
        length = max(len(example.ids) for example in examples)
        ids = torch.full((len(examples), length), self.pad_token_id)
        labels = torch.full_like(ids, IGNORED)
        mask = torch.zeros_like(ids)
        for row, example in enumerate(examples):
            count = len(example.ids)
            ids[row, :count] = torch.tensor(example.ids)
            labels[row, :count] = torch.tensor(example.labels)
            mask[row, :count] = 1
        shown = [example.picture for example in examples if example.picture is not None]
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "labels": labels,
            "features": self.table[shown].float(),
        }
