"""The tables in Markdown, for a README, an issue or a model card."""

import re
from collections.abc import Iterator, Sequence

from xmm_cli.reporting.blocks import COLUMNS, Block, GridCell, Panel, blocks_of, footnote
from xmm_cli.reporting.words import ABSENT
from xmm_cli.rows.types import Score


def render(scores: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """All blocks, one heading each."""
    if not scores:
        return ""
    parts = [part for block in blocks_of(scores) for part in _block(block)]
    legend = "**Bold**: asked in the modality it was learned in. " + escape(footnote(scores))
    return "\n\n".join([*parts, legend]) + "\n"


def escape(text: str) -> str:
    """Text that Markdown and HTML in it leave as it is."""
    return re.sub(r"([\\`*_{}\[\]|<>&~$])", r"\\\1", text)


def _block(block: Block) -> Iterator[str]:
    condition = f" · {block.condition}" if block.condition else ""
    yield f"## {escape(block.title + condition)}"
    yield escape(block.size)
    for panel in block.panels:
        yield f"### {escape(panel.title)}"
        yield from _panel(panel)


def _panel(panel: Panel) -> Iterator[str]:
    if panel.grid:
        rows = [[name, *(_cell(cell) for cell in cells)] for name, cells in panel.grid]
        yield _table(["", *COLUMNS], rows)
    if panel.lines:
        lines = [
            [escape(text) for text in (one.measure, one.direction, one.value, one.judged)]
            for one in panel.lines
        ]
        yield _table(["measure", "direction", "value", "verdict"], lines)
    if panel.said:
        yield "\n".join(f"- {escape(sentence)}" for sentence in panel.said)
    if panel.notes:
        yield "\n".join(f"- Note: {escape(note)}" for note in panel.notes)


def _cell(cell: GridCell | None) -> str:
    if cell is None:
        return ABSENT
    text = f"**{escape(cell.recall)}**" if cell.same else escape(cell.recall)
    return f"{text}<br>{escape(cell.memory)}" if cell.memory else text


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
