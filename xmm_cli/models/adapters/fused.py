"""LoRA in as few passes over the activations as the formula needs.

y = x W^T + b + s (x A^T) B^T (LoRA, arXiv 2106.09685, section 4.1). Written layer by layer, as peft
writes it, the second product is made, scaled and added in three passes over all outputs, and twice
as many backward. Here it is added by the multiplication that makes it, forward and backward. In a
small model that is a tenth of a step. The numbers differ by rounding alone.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import torch

from xmm_cli import compat


def lean_lora(model: Any) -> AbstractContextManager[None]:
    """Inside the block, LoRA layers of `model` that have nothing special are computed leanly."""
    return compat.other_lora_forward(model, lambda plain, layer: partial(_forward, plain, layer))


def _forward(
    plain: Callable[..., torch.Tensor], layer: Any, x: torch.Tensor, *given: Any, **options: Any
) -> torch.Tensor:
    name = layer.active_adapters[0] if len(layer.active_adapters) == 1 else None
    if given or options or not _plain(layer, name, x):
        return plain(x, *given, **options)
    base, a, b = layer.base_layer, layer.lora_A[name], layer.lora_B[name]
    told: torch.Tensor = Lean.apply(
        x.reshape(-1, x.shape[-1]),
        base.weight,
        base.bias,
        a.weight,
        b.weight,
        float(layer.scaling[name]),
    )
    # outside the function: a view of its own may not be changed in place
    return told.view(*x.shape[:-1], told.shape[-1])


def _plain(layer: Any, name: str | None, x: torch.Tensor) -> bool:
    """Whether a layer is the formula above and nothing else, in one precision."""
    if not compat.is_plain_lora(layer, name):
        return False
    base, a, b = layer.base_layer, layer.lora_A[name], layer.lora_B[name]
    dropout = layer.lora_dropout[name]
    return (
        type(base) is torch.nn.Linear
        and not any(parameter.requires_grad for parameter in base.parameters())
        and b.bias is None
        and (isinstance(dropout, torch.nn.Identity) or not dropout.training)
        and x.dtype == base.weight.dtype == a.weight.dtype == b.weight.dtype
        and not torch.is_autocast_enabled(x.device.type)
    )


class Lean(torch.autograd.Function):
    """The formula, with the gradient of each part; the base's own weights get none."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        """`x` (n, in), `weight` (out, in), `a` (rank, in), `b` (out, rank); gives (n, out)."""
        low = x @ a.t()
        told = torch.nn.functional.linear(x, weight, bias).addmm_(low, b.t(), alpha=scale)
        ctx.save_for_backward(x, low, weight, a, b)
        ctx.scale = scale
        return told

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[Any, ...]:
        """Gradients of `x`, where it has one, and of the two small matrices."""
        x, low, weight, a, b = ctx.saved_tensors
        back = (grad @ b).mul_(ctx.scale)
        grad_x = (grad @ weight).addmm_(back, a) if ctx.needs_input_grad[0] else None
        grad_b = (low.t() @ grad).t().mul(ctx.scale)
        return grad_x, None, None, back.t() @ x, grad_b, None
