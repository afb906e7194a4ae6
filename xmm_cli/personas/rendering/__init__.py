"""Renderers: from a look to a picture. One file and one line here for each.

A renderer draws one view; a painter (see `PAINTERS`) all views of a person.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from xmm_cli.registry import Registry
from xmm_cli.rows.types import Split

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from PIL import Image

    from xmm_cli.personas.plan import Plan
    from xmm_cli.personas.sampling import Identity


class Renderer(Protocol):
    """Draws one picture of a look; everything that must not matter comes from `rng`."""

    def __call__(
        self, look: Mapping[str, str], split: Split, rng: "random.Random", size: int
    ) -> "Image.Image":
        """An RGB picture of `size` x `size` pixels."""
        ...


class Painter(Protocol):
    """Draws all pictures of a person at once, with a model that is loaded once."""

    def paint(self, identity: "Identity", plan: "Plan", folder: "Path") -> int:
        """Draw the pictures that are missing into `folder`; returns how many were drawn.

        Raises `CannotWrite`.
        """
        ...


RENDERERS = Registry(
    "renderer",
    {
        "avatar": (
            "xmm_cli.personas.rendering.avatar:draw",
            "flat cartoon portraits, some 5 ms each, no model needed",
        ),
        "diffusers": (
            "xmm_cli.personas.rendering.diffusion:DiffusionPainter",
            "photographs by any text-to-image pipeline of diffusers; needs --model",
        ),
    },
)

PAINTERS = ("diffusers",)
"""Those that are painters: the others draw view by view, in several processes."""
