"""One score row a line, as `xmm score` writes them."""

from collections.abc import Sequence

import msgspec

from xmm_cli.rows.types import Score


def render(scores: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """The rows, each on its line."""
    return "".join(f"{msgspec.json.encode(score).decode()}\n" for score in scores)
