r"""quantized: the merged weights rounded to 8 or 4 bits, as a model is made smaller for release.

Rounding can undo what unlearning changed by little: Z. Zhang et al., arXiv 2410.16454. To the
nearest, by output channel, symmetric: with :math:`s_i = \max_j |W_{ij}| / (2^{b-1} - 1)` a weight
becomes :math:`s_i \, \mathrm{round}(W_{ij} / s_i)`. All linear layers of the language model are
rounded, its output layer and its embeddings are not; it computes in the numbers it had, so that
every device can do it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from xmm_cli.compat import adapted_layers, forget_merging
from xmm_cli.models.loading import Base
from xmm_cli.probing.attacks.attack import Attack, CannotAttack


def rounded(weight: torch.Tensor, bits: int) -> torch.Tensor:
    """A weight `(out, in)` on the grid of its output channels; of the same type."""
    most = 2 ** (bits - 1) - 1
    scale = weight.float().abs().amax(dim=1, keepdim=True) / most
    scale = scale.masked_fill(scale == 0, 1.0)
    return ((weight.float() / scale).round() * scale).to(weight.dtype)


@contextmanager
def _rounded(base: Base, model: Any, *, bits: int) -> Iterator[None]:
    """Inside the block the language model's weights, with the adapter in them, are rounded."""
    if base.precision.quantize is not None:
        raise CannotAttack("its weights are packed already: ask with --quantize none")
    apart = _unmerged(model)
    layers = [
        module
        for name, module in base.model.get_decoder().named_modules()
        if isinstance(module, torch.nn.Linear) and "lora_" not in name
    ]
    originals = [layer.weight.data for layer in layers]
    try:
        if apart:
            for layer in layers:
                layer.weight.data = layer.weight.data.clone()
            model.merge_adapter()
        for layer in layers:
            layer.weight.data = rounded(layer.weight.data, bits)
        yield
    finally:
        for layer, original in zip(layers, originals, strict=True):
            layer.weight.data = original
        for layer in apart:
            forget_merging(layer)


def _unmerged(model: Any) -> list[Any]:
    """The layers of a `PeftModel` that have an adapter beside them, not in them."""
    if not hasattr(model, "merge_adapter"):
        return []
    return [layer for layer in adapted_layers(model) if not layer.merged]


INT8 = Attack(changed=partial(_rounded, bits=8))
INT4 = Attack(changed=partial(_rounded, bits=4))
