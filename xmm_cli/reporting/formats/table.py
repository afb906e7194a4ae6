"""Tables for a terminal, drawn with rich; without colours they say the same.

Everything from a row goes in as `Text`, never as markup.
"""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from xmm_cli.reporting.blocks import COLUMNS, Block, GridCell, Panel, blocks_of, footnote
from xmm_cli.reporting.terminal import printed
from xmm_cli.reporting.words import ABSENT
from xmm_cli.rows.types import Score

MARK = "•"
INDENT = 2
VERDICTS = {"clear": "green", "not clear": "yellow"}


def render(scores: Sequence[Score], *, width: int, colour: bool) -> str:
    """All blocks as text, with colours or without."""
    return printed(renderables(scores), width=width, colour=colour)


def renderables(scores: Sequence[Score]) -> list[RenderableType]:
    """What a console prints, in order."""
    if not scores:
        return []
    shown = [part for block in blocks_of(scores) for part in _block(block)]
    legend = Text(f"{MARK}    asked in the modality it was learned in\n{footnote(scores)}", "dim")
    return [*shown, Rule(characters="─", style="dim"), legend]


def _block(block: Block) -> Iterator[RenderableType]:
    title = Text(block.title, "bold")
    if block.condition:
        title.append(f" · {block.condition}", "not bold cyan")
    yield Rule(characters="─", style="dim")
    yield title
    yield Text(block.size, "dim")
    for panel in block.panels:
        yield Text("")
        yield from _panel(panel)


def _panel(panel: Panel) -> Iterator[RenderableType]:
    yield Text(panel.title, "bold underline")
    if panel.grid:
        yield _grid(panel)
    if panel.lines:
        yield _lines(panel)
        yield Text("")
    said = [Text(sentence) for sentence in panel.said]
    for line in [*said, *(Text(f"Note: {note}", "yellow") for note in panel.notes)]:
        yield Padding(line, (0, 0, 0, INDENT))


def _grid(panel: Panel) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="", padding=(0, 1))
    table.add_column("")
    for name in COLUMNS:
        table.add_column(f"  {name}", min_width=22)
    for name, cells in panel.grid:
        table.add_row(Text(name), *(_cell(cell) for cell in cells))
    return table


def _cell(cell: GridCell | None) -> Text:
    if cell is None:
        return Text(f"  {ABSENT}", "dim")
    mark = f"{MARK} " if cell.same else "  "
    text = Text(f"{mark}{cell.recall}", "bold" if cell.same else "")
    if cell.memory:
        text.append(f"\n  {cell.memory}", "not bold dim")
    return text


def _lines(panel: Panel) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 0, 0, INDENT))
    for _ in range(4):
        table.add_column()
    for line in panel.lines:
        judged = Text(line.verdict, VERDICTS.get(line.verdict, ""))
        if line.p:
            judged.append(f"\n{line.p}", "dim")
        table.add_row(Text(line.measure), Text(line.direction), Text(line.value, "bold"), judged)
    return table
