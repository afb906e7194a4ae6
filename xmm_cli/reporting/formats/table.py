"""Tables for a terminal, drawn with rich; without colours they say the same.

Everything from a row goes in as `Text`, never as markup.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from xmm_cli.reporting.answers import ResultRows, is_number, words_of
from xmm_cli.reporting.audit_table import COLOURS as VERDICT_COLOURS
from xmm_cli.reporting.audit_table import (
    attack_lines,
    by_model,
    columns_of,
    facts,
    legend,
    missing,
    part_title,
    sentence,
)
from xmm_cli.reporting.blocks import COLUMNS, Block, BlockPanel, GridCell, blocks_of, footnote
from xmm_cli.reporting.findings_table import COLOURS, LEGEND, ROOMY, cells_of
from xmm_cli.reporting.findings_table import COLUMNS as FINDING_COLUMNS
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.opening import opening
from xmm_cli.reporting.terminal import printed
from xmm_cli.reporting.words import ABSENT, clean
from xmm_cli.rows.types import Audit, Finding, Score

MARK = "•"
INDENT = 2
MOST_ON_A_TERMINAL = 500
READABLE = 14
"""A column of long text may be folded down to this."""
VERDICTS = {"clear": "green", "not clear": "yellow"}


def scores(rows: Sequence[Score], *, width: int, colour: bool) -> str:
    """All blocks as text, with colours or without."""
    return printed(renderables(rows), width=width, colour=colour)


def renderables(scores: Sequence[Score]) -> list[RenderableType]:
    """What a console prints, in order."""
    if not scores:
        return []
    opened = opening(scores)
    blocks = [*opened.blocks, *blocks_of(scores)]
    shown: list[RenderableType] = [Text(sentence, "bold") for sentence in opened.sentences]
    shown += [part for block in blocks for part in _block(block)]
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


def _panel(panel: BlockPanel) -> Iterator[RenderableType]:
    yield Text(panel.title, "bold underline")
    if panel.grid:
        yield _grid(panel)
    if panel.lines:
        yield _lines(panel)
        yield Text("")
    said = [Text(sentence) for sentence in panel.said]
    if said := [*said, *(Text(f"Note: {note}", "yellow") for note in panel.notes)]:
        yield Padding(Text("\n").join(said), (0, 0, 0, INDENT))


def _grid(panel: BlockPanel) -> Table:
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


def _lines(panel: BlockPanel) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 0, 0, INDENT))
    for _ in range(4):
        table.add_column()
    for line in panel.lines:
        judged = Text(line.verdict, VERDICTS.get(line.verdict, ""))
        if line.p:
            judged.append(f"\n{line.p}", "dim")
        table.add_row(Text(line.measure), Text(line.direction), Text(line.value, "bold"), judged)
    return table


def findings(rows: Sequence[Finding], *, width: int, colour: bool) -> str:
    """A table; p and spread only where there is room."""
    if not rows:
        return ""
    roomy = width >= ROOMY
    table = Table(box=SIMPLE_HEAD, header_style="", padding=(0, 1), pad_edge=False, expand=True)
    for name in FINDING_COLUMNS:
        if name == "finding":
            table.add_column(name, ratio=1, overflow="fold")
        elif roomy or name not in ("p (Holm)", "spread"):
            narrow = width >= 60
            table.add_column(name, no_wrap=narrow, justify="right" if name == "seeds" else "left")
    for family, group in groupby(rows, key=lambda row: row.family):
        table.add_row(Text(clean(family), "bold underline"))
        for row in group:
            claim, effect, p, seeds, spread, verdict = map(clean, cells_of(row))
            judged = Text(verdict, COLOURS.get(verdict, ""))
            between = [Text(p), Text(seeds), Text(spread)] if roomy else [Text(seeds)]
            table.add_row(Text(claim), Text(effect, "bold"), *between, judged)
        table.add_section()
    return printed([table, Text(LEGEND, "dim")], width=width, colour=colour)


def audits(rows: Sequence[Audit], *, width: int, colour: bool) -> str:
    """The verdict on each model in words, then a table for each modality."""
    shown: list[RenderableType] = []
    for model in by_model(rows):
        style = VERDICT_COLOURS.get(model.whole.verdict, "red")
        shown.append(Text(clean(sentence(model)), f"bold {style}"))
        shown += [Text(clean(line)) for line in facts(model)]
        for row in model.parts:
            table = Table(box=SIMPLE_HEAD, header_style="", padding=(0, 1), pad_edge=False)
            title = part_title(row)
            for name in (title, *columns_of(row)[1:]):
                left = name in (title, "shown")
                table.add_column(name, justify="left" if left else "right", overflow="fold")
            for cells in attack_lines(row):
                table.add_row(*(Text(clean(cell)) for cell in cells))
            shown.append(table)
        shown += [Text(clean(f"Not applicable: {line}")) for line in missing(model)]
        shown += [Text(legend(model.whole), "dim"), Text("")]
    return printed(shown[:-1], width=width, colour=colour)


def _too_wide(columns: Sequence[str], rows: list[tuple[Any, ...]], width: int) -> bool:
    """Whether columns would be so narrow that their words fall apart."""
    longest = [
        max([len(name), *(min(len(words_of(row[place])), READABLE) for row in rows)])
        for place, name in enumerate(columns)
    ]
    return sum(longest) + 2 * len(columns) > width


def _stacked(columns: Sequence[str], rows: list[tuple[Any, ...]]) -> Iterator[Any]:
    """A line for each field of each row."""
    for row in rows:
        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
        for name, value in zip(columns, row, strict=True):
            table.add_row(Text(clean(name), "bold"), Text(words_of(value)))
        yield table
        yield Text("")


def answer(columns: Sequence[str], rows: ResultRows, *, width: int, colour: bool) -> Iterator[str]:
    """A table, or a line a field where columns would be too narrow."""
    shown = list(islice(rows, MOST_ON_A_TERMINAL + 1))
    yield _answer(columns, shown, width, colour)


def _answer(columns: Sequence[str], rows: list[tuple[Any, ...]], width: int, colour: bool) -> str:
    said = f"{len(rows):,} rows" if len(rows) != 1 else "1 row"
    if len(rows) > MOST_ON_A_TERMINAL:
        said = f"the first {MOST_ON_A_TERMINAL} rows; --format csv gives all"
    shown = rows[:MOST_ON_A_TERMINAL]
    if _too_wide(columns, shown, width):
        return printed([*_stacked(columns, shown), Text(said, "dim")], width=width, colour=colour)
    table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 1), pad_edge=False)
    for place, name in enumerate(columns):
        number = all(is_number(row[place]) for row in shown)
        table.add_column(Text(clean(name)), justify="right" if number else "left", overflow="fold")
    for row in shown:
        table.add_row(*(Text(words_of(value)) for value in row))
    return printed([table, Text(said, "dim")], width=width, colour=colour)


FORMAT = Format(scores, findings, answer, audits=audits)
