"""Text for a terminal, drawn with rich: the one console of all tables."""

from collections.abc import Iterable
from io import StringIO

from rich.console import Console, RenderableType


def printed(renderables: Iterable[RenderableType], *, width: int, colour: bool) -> str:
    """What a console of this width prints; no escape sequences but those that `colour` asks for."""
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for renderable in renderables:
        console.print(renderable)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
