"""The tables in Markdown, for a README, an issue or a model card."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby

from xmm_cli.reporting.answers import ResultRows, words_of
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
from xmm_cli.reporting.blocks import Block, BlockPanel, GridCell, blocks_of, footnote
from xmm_cli.reporting.findings_sentences import sentences
from xmm_cli.reporting.findings_table import COLUMNS as FINDING_COLUMNS
from xmm_cli.reporting.findings_table import LEGEND, cells_of
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.opening import opening
from xmm_cli.reporting.words import ABSENT, clean
from xmm_cli.rows.types import Audit, Finding, Score


def scores(rows: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """All blocks, one heading each."""
    if not rows:
        return ""
    opened = opening(rows)
    blocks = [*opened.blocks, *blocks_of(rows)]
    parts = [f"**{escape(sentence)}**" for sentence in opened.sentences]
    parts += [part for block in blocks for part in _block(block)]
    legend = "**Bold**: asked in the modality it was learned in. " + escape(footnote(rows))
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


def _panel(panel: BlockPanel) -> Iterator[str]:
    for header, rows in panel.tables(escape, _cell):
        yield _table(header, rows)
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


def findings(rows: Sequence[Finding], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """For each family of findings what they say, in sentences, and the table of them."""
    if not rows:
        return ""
    parts = []
    for family, group in groupby(rows, key=lambda row: row.family):
        of_family = list(group)
        lines = [
            [escape(clean(cell)) for cell in (*cells_of(row), row.comment)] for row in of_family
        ]
        said = "\n".join(f"- {escape(clean(sentence))}" for sentence in sentences(of_family))
        table = _table([*FINDING_COLUMNS, "comment"], lines)
        parts += [f"## {escape(clean(family))}", said, table]
    return "\n\n".join([*parts, escape(LEGEND)]) + "\n"


def audits(rows: Sequence[Audit], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """The verdict on each model in words, then a table for each modality."""
    parts = []
    for model in by_model(rows):
        parts.append(f"**{escape(clean(sentence(model)))}**")
        parts += [escape(clean(line)) for line in facts(model)]
        for row in model.parts:
            parts.append(f"### {part_title(row, 'In')}")
            cells = [[escape(clean(cell)) for cell in line] for line in attack_lines(row)]
            parts.append(_table(list(columns_of(row)), cells))
        parts += [f"Not applicable: {escape(clean(line))}" for line in missing(model)]
        parts.append(escape(legend(model.whole)))
    return "\n\n".join(parts) + "\n" if parts else ""


def answer(columns: Sequence[str], rows: ResultRows, **_: object) -> Iterator[str]:
    """A table, line by line."""
    head = [[escape(clean(name)) for name in columns], ["---"] * len(columns)]
    lines = ([escape(words_of(value)) for value in row] for row in rows)
    return (f"| {' | '.join(line)} |\n" for line in chain(head, lines))


FORMAT = Format(scores, findings, answer, audits=audits)
