"""IP-Adapter: attention to the features of the portrait beside those of the prompt (2308.06721)."""

from collections.abc import Sequence
from typing import Any

from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.personas.rendering.identity import NotThisWay

SCALE = 0.6
"""How much the portrait counts beside the prompt."""


class IPAdapter:
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
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise Unavailable(f"IP-Adapter {adapter!r} cannot be loaded: {reason}") from error
        pipeline.set_ip_adapter_scale(SCALE)
        self.pipeline = pipeline

    def __call__(self, portrait: Any, prompts: Sequence[str], options: dict[str, Any]) -> list[Any]:
        """All at once."""
        same = [[portrait] * len(prompts)]
        found = self.pipeline(prompt=list(prompts), ip_adapter_image=same, **options)
        return list(found.images)
