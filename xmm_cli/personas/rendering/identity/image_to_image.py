"""Image to image: the portrait with noise on it is where drawing starts (SDEdit, 2108.01073)."""

import math
from collections.abc import Sequence
from typing import Any

from xmm_cli.personas.rendering.identity import IdentityMethod, NotThisWay

STRENGTH = 0.6
"""How much of the portrait is turned to noise: 0 is none of it, 1 all."""


class ImageToImage(IdentityMethod):
    """Views by the image-to-image pipeline that shares this pipeline's parts."""

    def __init__(self, pipeline: Any, adapter: str | None) -> None:  # noqa: ARG002
        from diffusers import AutoPipelineForImage2Image

        self.pipeline = pipeline
        try:
            self.editing = AutoPipelineForImage2Image.from_pipe(pipeline)
        except (ValueError, AttributeError, TypeError) as error:
            what = f"{type(pipeline).__name__} has no image-to-image pipeline"
            raise NotThisWay(what) from error
        self.editing.set_progress_bar_config(disable=True)

    def __call__(self, portrait: Any, prompts: Sequence[str], options: dict[str, Any]) -> list[Any]:
        """All at once; the size is the portrait's."""
        given = {key: value for key, value in options.items() if key not in ("height", "width")}
        if "num_inference_steps" in given:  # it takes only this share of the steps asked for
            given["num_inference_steps"] = math.ceil(given["num_inference_steps"] / STRENGTH)
        same = [portrait] * len(prompts)
        found = self.editing(prompt=list(prompts), image=same, strength=STRENGTH, **given)
        return list(found.images)
