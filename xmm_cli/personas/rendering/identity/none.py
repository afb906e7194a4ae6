"""No identity: each view is drawn from its prompt and its seed alone."""

from collections.abc import Sequence
from typing import Any

from xmm_cli.personas.rendering.identity import IdentityMethod


class NoIdentity(IdentityMethod):
    """Views by the pipeline as it is."""

    def __init__(self, pipeline: Any, adapter: str | None) -> None:  # noqa: ARG002
        self.pipeline = pipeline

    def __call__(self, portrait: Any, prompts: Sequence[str], options: dict[str, Any]) -> list[Any]:  # noqa: ARG002
        """All at once."""
        return self.first(prompts, options)
