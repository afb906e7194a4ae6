"""IP-Adapter: attention to the features of the portrait beside those of the prompt (2308.06721).

A pipeline that has one loaded draws nothing without a picture for it: the first view, which has no
portrait, is drawn with a blank one that does not count.
"""

from collections.abc import Sequence
from typing import Any

from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.personas.rendering.identity import IdentityMethod, NotThisWay

SCALE = 0.6
"""How much the portrait counts beside the prompt."""


class IPAdapter(IdentityMethod):
    """Views by a pipeline that takes an IP-Adapter, which `REPO:FOLDER/FILE` names."""

    def __init__(self, pipeline: Any, adapter: str | None) -> None:
        if not hasattr(pipeline, "load_ip_adapter"):
            raise NotThisWay(f"{type(pipeline).__name__} takes no IP-Adapter")
        if adapter is None:
            raise WrongUsage("--identity ip-adapter", "name one: --ip-adapter REPO:FOLDER/FILE")
        repository, _, place = adapter.rpartition(":")
        folder, _, file = place.rpartition("/")
        if not repository or not file.endswith(".safetensors"):
            raise WrongUsage(
                f"--ip-adapter {adapter!r}", "write REPO:FOLDER/FILE, FILE in safetensors"
            )
        try:
            pipeline.load_ip_adapter(repository, subfolder=folder, weight_name=file)
        # its loaders raise whatever they meet in weights that are no IP-Adapter, or another model's
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise Unavailable(f"IP-Adapter {adapter!r} cannot be loaded: {reason}") from error
        self.pipeline = pipeline

    def first(self, prompts: Sequence[str], options: dict[str, Any]) -> list[Any]:
        """As without an adapter."""
        from PIL import Image

        return self._draw(Image.new("RGB", (64, 64)), 0.0, prompts, options)

    def __call__(self, portrait: Any, prompts: Sequence[str], options: dict[str, Any]) -> list[Any]:
        """All at once."""
        return self._draw(portrait, SCALE, prompts, options)

    def _draw(
        self, portrait: Any, scale: float, prompts: Sequence[str], options: dict[str, Any]
    ) -> list[Any]:
        self.pipeline.set_ip_adapter_scale(scale)
        found = self.pipeline(prompt=list(prompts), ip_adapter_image=[portrait], **options)
        return list(found.images)
