"""Renderers: from a look to a picture. One file and one line here for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from xmm_cli.errors import WrongUsage
from xmm_cli.registry import Registry
from xmm_cli.rows.types import Split

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from PIL import Image

    from xmm_cli.personas.plan import Plan
    from xmm_cli.personas.rendering.diffusion import Diffusion
    from xmm_cli.personas.sampling import Identity


class DrawPicture(Protocol):
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


@dataclass(frozen=True, slots=True)
class Renderer:
    """A way to draw people: view by view, or with a model all views of a person at once."""

    draw: DrawPicture | None = None
    """Draws one picture, in several processes."""
    painter: "Callable[[Diffusion, int, str | None, Callable[[str], None]], Painter] | None" = None
    """Makes a painter, from the options of the command, a picture's size in pixels, the device and
    what tells the user something. It runs in one process, and asks for `--model`."""
    size: int = 96
    """The side of a picture in pixels, where none is asked for."""


RENDERERS = Registry(
    "renderer",
    {
        "avatar": (
            "xmm_cli.personas.rendering.avatar:RENDERER",
            "flat cartoon portraits, some 5 ms each, no model needed",
        ),
        "diffusers": (
            "xmm_cli.personas.rendering.diffusion:RENDERER",
            "photographs by any text-to-image pipeline of diffusers; needs --model",
        ),
    },
    "xmm.renderers",
)


def drawn_by(name: str) -> DrawPicture:
    """What draws a view, of a renderer that draws view by view. Raises `WrongUsage`."""
    renderer: Renderer = RENDERERS.load(name)
    if renderer.draw is None:
        raise WrongUsage(f"--renderer {name}", "it draws all views of a person at once")
    return renderer.draw
