"""Qwen-VL: positions of three axes, so that image tokens lie in a plane and text behind it."""

from collections.abc import Mapping
from typing import Any

import torch

from xmm_cli.models.families.family import Family, plain_positions


def mrope_positions(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """Int64 `(3, n, length)`, by the model's own rule; plain ones where nothing is shown."""
    if "image_grid_thw" not in inputs:
        return plain_positions(model, inputs)
    positions, _ = model.model.get_rope_index(
        input_ids=inputs["input_ids"],
        mm_token_type_ids=inputs["mm_token_type_ids"],
        image_grid_thw=inputs["image_grid_thw"],
        attention_mask=inputs["attention_mask"],
    )
    return positions


def picture(processor: Any) -> str:
    """A picture's token between its two marks."""
    return f"<|vision_start|>{processor.image_token}<|vision_end|>"


FAMILY = Family(tree=True, positions=mrope_positions, placeholder=picture)

RECURRENT = Family(positions=mrope_positions, placeholder=picture)
"""Qwen3.5: some layers carry a state along, which a tree of candidates would mix up."""
