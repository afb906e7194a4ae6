"""Renderers: from a look to a picture. One file and one line here for each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from xmm_cli.registry import Registry
from xmm_cli.rows.types import Split

if TYPE_CHECKING:
    import random

    from PIL import Image


class Renderer(Protocol):
    """Draws one picture of a look; everything that must not matter comes from `rng`."""

    def __call__(
        self, look: Mapping[str, str], split: Split, rng: "random.Random", size: int
    ) -> "Image.Image":
        """An RGB picture of `size` x `size` pixels."""
        ...


RENDERERS = Registry(
    "renderer",
    {
        "avatar": (
            "xmm_cli.personas.rendering.avatar:draw",
            "flat cartoon portraits, some 5 ms each, no model needed",
        ),
    },
)
