r"""The tables in LaTeX, for a paper: `\usepackage{booktabs}`, and a tabular for each panel."""

from collections.abc import Iterator, Sequence

from xmm_cli.reporting.answers import ResultRows, is_number, words_of
from xmm_cli.reporting.audit_table import (
    attack_lines,
    by_model,
    columns_of,
    legend,
    sentence,
)
from xmm_cli.reporting.blocks import Block, BlockPanel, GridCell, blocks_of, footnote
from xmm_cli.reporting.findings_table import COLUMNS as FINDING_COLUMNS
from xmm_cli.reporting.findings_table import LEGEND, cells_of
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.words import ABSENT, clean
from xmm_cli.rows.types import Audit, Finding, Score

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "−": "$-$", "–": "--", "→": r"$\to$", "·": r"$\cdot$", "<": r"\textless{}",
    ">": r"\textgreater{}", "[": "{[}", "]": "{]}", "•": r"\textbullet{}", "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}  # fmt: skip


def scores(rows: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """All blocks as tabulars; what is in bold was asked in the modality it was learned in."""
    if not rows:
        return ""
    parts = [part for block in blocks_of(rows) for part in _block(block)]
    legend = f"Bold: asked in the modality it was learned in. {footnote(rows)}"
    return "\n\n".join(["% needs \\usepackage{booktabs}", *parts, escape(legend)]) + "\n"


def escape(text: str) -> str:
    """Text in which LaTeX finds no command."""
    return "".join(SPECIAL.get(sign, sign) for sign in text)


def _block(block: Block) -> Iterator[str]:
    condition = f" · {block.condition}" if block.condition else ""
    yield f"\\paragraph{{{escape(block.title + condition)}}} {escape(block.size)}."
    for panel in block.panels:
        yield f"\\noindent {escape(panel.title)}"
        yield from _panel(panel)


def _panel(panel: BlockPanel) -> Iterator[str]:
    for header, rows in panel.tables(escape, _cell):
        yield tabular(header, rows)
    if panel.notes:
        yield "\n".join(f"Note: {escape(note)}" for note in panel.notes)


def _cell(cell: GridCell | None) -> str:
    if cell is None:
        return escape(ABSENT)
    text = escape(cell.recall)
    text = f"\\textbf{{{text}}}" if cell.same else text
    return f"{text}, {escape(cell.memory)}" if cell.memory else text


def tabular(header: list[str], rows: list[list[str]]) -> str:
    """A tabular of cells that are LaTeX already."""
    lines = [" & ".join(line) + r" \\" for line in rows]
    return "\n".join(
        [
            f"\\begin{{tabular}}{{{'l' * len(header)}}}", r"\toprule",
            " & ".join(header) + r" \\", r"\midrule", *lines, r"\bottomrule", r"\end{tabular}",
        ]
    )  # fmt: skip


def findings(rows: Sequence[Finding], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A tabular, and what it means."""
    if not rows:
        return ""
    lines = [[escape(clean(cell)) for cell in cells_of(row)] for row in rows]
    return f"{tabular(list(FINDING_COLUMNS), lines)}\n\n{escape(LEGEND)}\n"


def audits(rows: Sequence[Audit], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """The verdict on each model in words, then a tabular for each modality."""
    parts = []
    for model in by_model(rows):
        parts.append(f"\\paragraph{{{escape(clean(sentence(model)))}}}")
        for row in model.parts:
            cells = [[escape(clean(cell)) for cell in line] for line in attack_lines(row)]
            parts.append(tabular([escape(name) for name in columns_of(row)], cells))
        parts.append(escape(legend(model.whole)))
    return "\n\n".join(parts) + "\n" if parts else ""


def answer(columns: Sequence[str], rows: ResultRows, **_: object) -> Iterator[str]:
    """A tabular."""
    shown = list(rows)
    kinds = [
        "r" if all(is_number(row[place]) for row in shown) else "l" for place in range(len(columns))
    ]
    lines = [" & ".join(escape(words_of(value)) for value in row) + r" \\" for row in shown]
    head = " & ".join(escape(clean(name)) for name in columns) + r" \\"
    begin = f"\\begin{{tabular}}{{{''.join(kinds)}}}"
    yield "\n".join([begin, r"\toprule", head, r"\midrule", *lines, r"\bottomrule",
                     r"\end{tabular}"]) + "\n"  # fmt: skip


FORMAT = Format(scores, findings, answer, audits=audits)
