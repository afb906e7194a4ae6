"""An adapter added into the weights while a model is only asked: the same answers, sooner."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xmm_cli import compat

MOST_BYTES = 2**30
"""Larger weights are not copied: the adapter stays beside them."""


@contextmanager
def merged(model: Any) -> Iterator[None]:
    """Inside the block, the adapter of a `PeftModel` is part of the weights.

    The weights are copied first and put back afterwards, so that nothing is left of it to the last
    bit. In any precision but float32 merging would round the adapter away: there, for weights of
    more than `MOST_BYTES`, for DoRA, and for what is no `PeftModel`, nothing is done.
    """
    import torch

    layers = _adapted(model)
    weights = [layer.get_base_layer().weight for layer in layers]
    exact = all(weight.dtype == torch.float32 for weight in weights)
    if not layers or not exact or sum(weight.nbytes for weight in weights) > MOST_BYTES:
        yield
        return
    originals = [weight.data for weight in weights]
    try:
        for weight in weights:
            weight.data = weight.data.clone()
        model.merge_adapter()
        yield
    finally:
        for layer, weight, original in zip(layers, weights, originals, strict=True):
            weight.data = original
            compat.forget_merging(layer)


def _adapted(model: Any) -> list[Any]:
    """The layers that have an adapter beside them."""
    if not hasattr(model, "merge_adapter"):
        return []
    if any(config.use_dora for config in model.peft_config.values()):
        return []
    return compat.adapted_layers(model)
