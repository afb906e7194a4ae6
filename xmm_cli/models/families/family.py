"""What may differ between families of models, and what holds where nothing else is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch


def plain_positions(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:  # noqa: ARG001
    """Int64 `(n, length)`: each token's number in its row, padding left out."""
    positions = inputs["attention_mask"].cumsum(dim=1) - 1
    return positions.clamp(min=0)


def image_token(processor: Any) -> str:
    """What stands for a picture in a prompt that no chat template writes."""
    return str(getattr(processor, "image_token", "<image>"))


def unchanged(processor: Any, prompt: str) -> str:  # noqa: ARG001
    """The prompt."""
    return prompt


@dataclass(frozen=True, slots=True)
class Family:
    """How models of a family are treated; the defaults are right for most, if slower in ranking."""

    tree: bool = False
    """Whether a token may see what it is told to: causal attention without windows, and no state
    that is carried along. Then candidates can be shown as a tree."""
    after_prompt: Mapping[str, int] = field(default_factory=dict)
    """What the per-token inputs are for tokens that follow the first prompt, where they are not 0;
    in the prompt they are 0 unless the processor says otherwise."""
    positions: Callable[[Any, Mapping[str, Any]], torch.Tensor] = plain_positions
    """From a model and padded inputs to the positions, `(n, length)` or `(axes, n, length)`."""
    placeholder: Callable[[Any], str] = image_token
    """From the processor to what stands for a picture in a plain prompt."""
    to_processor: Callable[[Any, str], str] = unchanged
    """From the processor and a rendered prompt to what it has to be given, with a picture."""
    alone: Callable[[Any, str], str] = unchanged
    """Likewise where no picture is shown, to what the processor would write around the text."""


GENERIC = Family()
"""Prompts are read once, and candidates follow by the model's own cache: right for every family."""
