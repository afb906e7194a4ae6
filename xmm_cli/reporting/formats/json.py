"""All score rows as one JSON list, for programs that do not read line by line."""

from collections.abc import Sequence

import msgspec

from xmm_cli.rows.types import Score


def render(scores: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """The list, indented; an empty list for no scores."""
    text = msgspec.json.format(msgspec.json.encode(list(scores)), indent=2)
    return f"{text.decode()}\n"
