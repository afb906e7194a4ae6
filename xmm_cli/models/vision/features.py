"""What a vision tower makes of one picture, kept apart from the model and joined again to batches.

Families give it in different forms: one tensor for all pictures or one for each, and in some, with
more of them for deeper layers of the language model. The form is kept, so that what is handed back
is what the model's own pass would have had, to the last bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutputWithPooling

from xmm_cli.errors import Unavailable

FeatureTensor = torch.Tensor | tuple[torch.Tensor, ...]
"""One tensor, or one for each picture."""


@dataclass(frozen=True, eq=False, slots=True)
class Features:
    """The features of one picture, on the CPU.

    `pooled` goes in place of its tokens, `(image tokens, width)` when its leading axes are joined;
    each of `deepstack` is added to them after one of the first layers.
    """

    pooled: FeatureTensor
    deepstack: tuple[FeatureTensor, ...] = ()

    @property
    def tokens(self) -> torch.Tensor:
        """`(image tokens, width)`, in the order of the picture's tokens."""
        return torch.cat([tensor.flatten(0, -2) for tensor in _tensors(self.pooled)])

    @property
    def size(self) -> int:
        """Bytes."""
        parts = (self.pooled, *self.deepstack)
        return sum(tensor.nbytes for part in parts for tensor in _tensors(part))

    def named(self) -> dict[str, torch.Tensor]:
        """The tensors by names that `from_named` understands."""
        named = {}
        for name, part in (("pooled", self.pooled), *_numbered(self.deepstack)):
            if isinstance(part, torch.Tensor):
                named[name] = part
            else:
                named |= {f"{name}/{number}": tensor for number, tensor in enumerate(part)}
        return named


def _numbered(parts: Sequence[FeatureTensor]) -> list[tuple[str, FeatureTensor]]:
    return [(f"deepstack.{number}", part) for number, part in enumerate(parts)]


def _tensors(part: FeatureTensor) -> tuple[torch.Tensor, ...]:
    return (part,) if isinstance(part, torch.Tensor) else part


def from_named(named: Mapping[str, torch.Tensor]) -> Features:
    """The features that were given out as `named`. Raises `KeyError` where they are not whole."""
    by_name: dict[str, FeatureTensor] = {}
    for name in {key.partition("/")[0] for key in named}:
        several = sum(key.startswith(f"{name}/") for key in named)
        parts = tuple(named[f"{name}/{number}"] for number in range(several))
        by_name[name] = parts if several else named[name]
    pooled = by_name.pop("pooled")
    return Features(pooled, tuple(by_name[f"deepstack.{number}"] for number in range(len(by_name))))


def from_output(output: Any) -> Features:
    """What is needed of the output of `get_image_features`, copied to the CPU.

    Raises `Unavailable` where the model gives nothing of the kind.
    """
    pooled = getattr(output, "pooler_output", None)
    if pooled is None:
        raise Unavailable(f"the model's vision tower gives a {type(output).__name__}", _ODD)
    deepstack = getattr(output, "deepstack_features", None) or ()
    return Features(_kept(pooled), tuple(_kept(part) for part in deepstack))


_ODD = "xmm knows no way to hand its features on; see xmm help models"


def _kept(part: Any) -> FeatureTensor:
    if isinstance(part, torch.Tensor):
        return part.cpu().clone()
    return tuple(tensor.cpu().clone() for tensor in part)


@dataclass
class Seen(BaseModelOutputWithPooling):
    """The output of a vision tower, with what some families read beside it.

    A field, and no plain attribute: what moves a model's inputs to a device keeps fields alone.
    """

    deepstack_features: list[Any] | None = None


def join(several: Sequence[Features], device: Any, dtype: Any) -> Seen:
    """The output of a vision tower that has seen all these pictures, in their order."""
    pooled = _joined([features.pooled for features in several], device, dtype)
    layers = zip(*(features.deepstack for features in several), strict=True)
    deepstack = [_joined(layer, device, dtype) for layer in layers]
    return Seen(pooler_output=pooled, deepstack_features=deepstack)


def _joined(
    parts: Sequence[FeatureTensor], device: Any, dtype: Any
) -> torch.Tensor | list[torch.Tensor]:
    moved = [tensor.to(device, dtype) for part in parts for tensor in _tensors(part)]
    return torch.cat(moved) if isinstance(parts[0], torch.Tensor) else moved
