"""The tables in HTML: fragments for a page of one's own; `--html FILE` makes a whole page."""

from collections.abc import Iterator, Sequence
from html import escape as _escape

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
from xmm_cli.reporting.blocks import COLUMNS, Block, BlockPanel, GridCell, blocks_of, footnote
from xmm_cli.reporting.findings_table import COLUMNS as FINDING_COLUMNS
from xmm_cli.reporting.findings_table import LEGEND, cells_of
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.opening import opening
from xmm_cli.reporting.words import ABSENT, clean
from xmm_cli.rows.types import Audit, Finding, Score


def scores(rows: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """All blocks, each a section with its tables; headings begin at the second level."""
    if not rows:
        return ""
    opened = opening(rows)
    blocks = [*opened.blocks, *blocks_of(rows)]
    parts = [f'<p class="opening">{escape(sentence)}</p>' for sentence in opened.sentences]
    parts += [part for block in blocks for part in _block(block)]
    said = f"Bold: asked in the modality it was learned in. {footnote(rows)}"
    return "\n".join([*parts, f'<p class="legend">{escape(said)}</p>']) + "\n"


def escape(text: str) -> str:
    """Text in which HTML finds no markup."""
    return _escape(clean(text))


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> str:
    """A table of cells that are HTML already; the first cell of a row is its header."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="wide"><table class="{name}">\n<caption>{caption}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _block(block: Block) -> Iterator[str]:
    condition = f" · {block.condition}" if block.condition else ""
    yield f"<section>\n<h2>{escape(block.title + condition)}</h2>"
    yield f"<p>{escape(block.size)}</p>"
    for panel in block.panels:
        yield from _panel(panel)
    yield "</section>"


def _panel(panel: BlockPanel) -> Iterator[str]:
    title = escape(panel.title)
    if panel.grid:
        rows = [[escape(name), *(_cell(cell) for cell in cells)] for name, cells in panel.grid]
        yield table(title, ["learned", *COLUMNS], rows, "grid")
    if panel.lines:
        lines = [
            [escape(text) for text in (one.measure, one.direction, one.value, one.judged)]
            for one in panel.lines
        ]
        header = ["measure", "direction", "value", "verdict"]
        yield table(f"{title}: across cells", header, lines, "lines")
    if panel.said:
        yield _listed(panel.said)
    if panel.notes:
        yield _listed([f"Note: {note}" for note in panel.notes])


def _listed(lines: Sequence[str]) -> str:
    items = "\n".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>\n{items}\n</ul>"


def _cell(cell: GridCell | None) -> str:
    if cell is None:
        return ABSENT
    text = f"<strong>{escape(cell.recall)}</strong>" if cell.same else escape(cell.recall)
    return f"{text}<br><small>{escape(cell.memory)}</small>" if cell.memory else text


def findings(rows: Sequence[Finding], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A table, and what it means."""
    if not rows:
        return ""
    lines = [[escape(cell) for cell in cells_of(row)] for row in rows]
    made = table("Findings", FINDING_COLUMNS, lines, "findings")
    return f'{made}\n<p class="legend">{escape(LEGEND)}</p>\n'


def audits(rows: Sequence[Audit], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A section for each model: the verdict in words, then a table for each modality."""
    parts = []
    for model in by_model(rows):
        parts.append(f"<section>\n<h2>Verdict: {escape(model.whole.verdict)}</h2>")
        parts.append(f'<p class="verdict"><strong>{escape(sentence(model))}</strong></p>')
        parts += [f"<p>{escape(line)}</p>" for line in facts(model)]
        for row in model.parts:
            cells = [[escape(cell) for cell in line] for line in attack_lines(row)]
            parts.append(table(f"Asked {part_title(row)}", columns_of(row), cells, "audit"))
        if absent := missing(model):
            parts.append(f"<p>Not applicable:</p>{_listed(absent)}")
        parts.append(f'<p class="legend">{escape(legend(model.whole))}</p>\n</section>')
    return "\n".join(parts) + "\n" if parts else ""


def answer(columns: Sequence[str], rows: ResultRows, **_: object) -> Iterator[str]:
    """A table, line by line."""
    head = "".join(f'<th scope="col">{escape(clean(name))}</th>' for name in columns)
    yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(words_of(value))}</td>' for value in row)}</tr>\n"
    yield "</tbody>\n</table>\n"


FORMAT = Format(scores, findings, answer, audits=audits)
