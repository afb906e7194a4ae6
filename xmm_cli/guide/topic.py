"""A page of the guide on a terminal or in a pipe."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from typing import Any

from xmm_cli.guide.tables import tables_to_lists, widths

_NARROWEST = 34


def rendered(text: str, *, width: int, colour: bool) -> str:
    """Markdown as text of `width` columns, with colours or without; ends in a newline."""
    from rich.console import Console

    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    console.print(_markdown(tables_to_lists(text, width)))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n") + "\n"


def _markdown(text: str) -> Any:
    """Rich's Markdown with headings at the left, and code in the terminal's own colours."""
    from rich import box, markdown
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    class Heading(markdown.Heading):
        def __rich_console__(self, console: Any, options: Any) -> Any:
            self.text.justify = "left"
            yield self.text

    class CodeBlock(markdown.CodeBlock):
        def __rich_console__(self, console: Any, options: Any) -> Any:
            code = Text(str(self.text).rstrip("\n"), style="cyan", overflow="fold")
            yield Padding(code, (0, 0, 0, 2))

    class GuideTable(markdown.TableElement):
        def __rich_console__(self, console: Any, options: Any) -> Any:
            parts: list[Any] = [self.header, self.body]
            head, rows = parts[0].row, parts[1].rows if parts[1] else []
            texts = [[str(cell.content) for cell in row.cells] for row in (head, *rows)]
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
            for cell, width in zip(head.cells, widths(texts, options.max_width) or [], strict=True):
                table.add_column(cell.content, width=width, overflow="fold")
            for row in rows:
                table.add_row(*(cell.content for cell in row.cells))
            yield table

    class Guide(markdown.Markdown):
        elements = markdown.Markdown.elements | {
            "heading_open": Heading,
            "fence": CodeBlock,
            "code_block": CodeBlock,
            "table_open": GuideTable,
        }

    return Guide(text, hyperlinks=False)


def show(text: str, write: Callable[[str], None]) -> None:
    """Show Markdown: through `$PAGER` on a terminal, as plain text by `write` anywhere else."""
    on_terminal = sys.stdout is not None and sys.stdout.isatty()
    colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    shown = rendered(text, width=terminal_width(), colour=colour)
    if not (on_terminal and _paged(shown)):
        write(shown)


def terminal_width() -> int:
    """Columns of the terminal, or `COLUMNS`; 80 where neither says, and never too few for words."""
    return max(shutil.get_terminal_size((80, 24)).columns, _NARROWEST)


def _paged(text: str) -> bool:
    """Show it in the pager, `less` if `$PAGER` is not set; False where that cannot be started."""
    words = shlex.split(os.environ.get("PAGER") or "less")
    if not words or shutil.which(words[0]) is None:
        return False
    # F: a short page stays on the screen; R: colours; X: the page is still there afterwards
    environment = {"LESS": "FRX", **os.environ}
    subprocess.run(words, input=text, text=True, encoding="utf-8", env=environment, check=False)
    return True
