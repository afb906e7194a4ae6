"""Tables from score rows, for people and for other programs."""

from collections.abc import Sequence
from typing import Any

from xmm_cli.reporting.format import Format
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.rows.types import Score

__all__ = ["FORMATS", "render", "render_tables"]


def render(scores: Sequence[Score], format: str = "table", *, width: int, colour: bool) -> str:
    """All scores in one of the `FORMATS`, ending in a newline; nothing for no scores.

    `width` and `colour` matter to `table` alone. The text has no escape sequences but those that
    `colour` asks for, whatever stands in the rows.

    Raises:
        WrongUsage: an unknown format.
    """
    way: Format = FORMATS.load(format)
    return way.scores(scores, width=width, colour=colour)


def render_tables(scores: Sequence[Score]) -> list[Any]:
    """The tables of `render` as rich renderables, for a console of the caller's."""
    from xmm_cli.reporting.formats.table import renderables

    return renderables(scores)
