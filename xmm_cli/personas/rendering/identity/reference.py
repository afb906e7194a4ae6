"""Reference editing: the pipeline takes the portrait beside the prompt (as FLUX.2 does)."""

import inspect
from collections.abc import Sequence
from typing import Any

from xmm_cli.personas.rendering.identity import IdentityMethod, NotThisWay

LEAST_SIDE = 64
"""Of a reference, in pixels: FLUX.2 takes no smaller one."""


class Reference(IdentityMethod):
    """Views by a pipeline whose own call has a parameter `image`, and no `strength`."""

    def __init__(self, pipeline: Any, adapter: str | None) -> None:  # noqa: ARG002
        known = inspect.signature(pipeline.__call__).parameters
        if "image" not in known or "strength" in known:
            raise NotThisWay(f"{type(pipeline).__name__} takes no reference picture")
        self.pipeline = pipeline

    def __call__(self, portrait: Any, prompts: Sequence[str], options: dict[str, Any]) -> list[Any]:
        """One picture after another: a list of references would all go into one picture."""
        if min(portrait.size) < LEAST_SIDE:
            portrait = portrait.resize((LEAST_SIDE, LEAST_SIDE))
        pictures = []
        for prompt, generator in zip(prompts, options["generator"], strict=True):
            given = options | {"generator": generator}
            if isinstance(given.get("negative_prompt"), list):
                given["negative_prompt"] = given["negative_prompt"][0]
            pictures += self.pipeline(image=portrait, prompt=prompt, **given).images
        return pictures
