"""LoRA beside the frozen layers of a language model, to be added into its weights at the end.

The small matrices are float32; a step computes in the precision of the frozen weights.
"""

import math
from typing import Any

import torch
from torch import nn

from xmm_cli.models.adapters.fused import Lean

RANK, SCALE = 16, 2.0
"""y = x W^T + SCALE (x A^T) B^T, A of RANK rows (arXiv 2106.09685)."""


class LoraLinear(nn.Module):
    """A frozen `nn.Linear` and its delta."""

    def __init__(self, layer: nn.Linear, rng: torch.Generator) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False)
        bound = 1 / math.sqrt(layer.in_features)  # as peft begins
        self.a = nn.Parameter((torch.rand(RANK, layer.in_features, generator=rng) * 2 - 1) * bound)
        self.b = nn.Parameter(torch.zeros(layer.out_features, RANK))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`(…, in)` to `(…, out)`, both in the precision of the weights."""
        weight = self.layer.weight
        told: torch.Tensor = Lean.apply(
            x.reshape(-1, x.shape[-1]),
            weight,
            self.layer.bias,
            self.a.to(weight.dtype),
            self.b.to(weight.dtype),
            SCALE,
        )
        return told.view(*x.shape[:-1], told.shape[-1])


def add_lora(language: Any, seed: int) -> dict[str, LoraLinear]:
    """Put a delta beside every linear layer of a decoder; by the layer's name in it."""
    rng = torch.Generator().manual_seed(seed)
    layers = {name: part for name, part in language.named_modules() if isinstance(part, nn.Linear)}
    found = {}
    for name, layer in layers.items():
        parent, _, own = name.rpartition(".")
        found[name] = LoraLinear(layer, rng)
        setattr(language.get_submodule(parent), own, found[name])
    return found
