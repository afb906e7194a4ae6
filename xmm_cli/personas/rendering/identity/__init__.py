"""Keeping a face: how the views of a person after the first stay the same person.

One file and one line here for each way. A way is made once for a pipeline; it raises `NotThisWay`
where the pipeline cannot do it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from xmm_cli.registry import Registry

if TYPE_CHECKING:
    from PIL import Image


class NotThisWay(Exception):
    """A pipeline cannot keep a face in this way; the text says what it lacks."""


class IdentityMethod(Protocol):
    """Draws a first view of a person, and further ones that keep its face."""

    pipeline: Any

    def first(self, prompts: Sequence[str], options: dict[str, Any]) -> "list[Image.Image]":
        """A picture for each prompt, of a person of whom there is none."""
        return list(self.pipeline(prompt=list(prompts), **options).images)

    def __call__(
        self, portrait: "Image.Image", prompts: Sequence[str], options: dict[str, Any]
    ) -> "list[Image.Image]":
        """A picture for each prompt; `options` are the pipeline's, with a generator for each."""
        ...


IDENTITIES = Registry(
    "identity",
    {
        "reference": (
            "xmm_cli.personas.rendering.identity.reference:Reference",
            "the pipeline's own editing of a reference picture",
        ),
        "image-to-image": (
            "xmm_cli.personas.rendering.identity.image_to_image:ImageToImage",
            "start from the first portrait, with noise on it",
        ),
        "ip-adapter": (
            "xmm_cli.personas.rendering.identity.ip_adapter:IPAdapter",
            "an IP-Adapter, which --ip-adapter names",
        ),
        "none": (
            "xmm_cli.personas.rendering.identity.none:NoIdentity",
            "the prompt alone: views agree in what is told and no further",
        ),
    },
)

AUTOMATIC = ("reference", "image-to-image", "none")
"""What `auto` tries, in this order."""
