"""Gemma 3: image tokens see each other both ways, and most layers see only a window.

Ranking therefore goes by the model's own cache. In a prompt, one token opens a picture, and the
processor writes the rest.
"""

from typing import Any

from xmm_cli.models.families.family import Family


def opening(processor: Any) -> str:
    """The token that opens a picture."""
    return str(processor.boi_token)


FAMILY = Family(placeholder=opening)
