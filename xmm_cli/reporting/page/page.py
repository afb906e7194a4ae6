"""The page itself: all that is shown, in one file that loads nothing."""

import shlex
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from xmm_cli.reporting import render
from xmm_cli.reporting.audit_table import render_audits
from xmm_cli.reporting.findings_table import render_findings
from xmm_cli.reporting.formats.html import escape, table
from xmm_cli.reporting.page.page_style import STYLE
from xmm_cli.reporting.page.samples import AnswerSample
from xmm_cli.rows.audit import Audit
from xmm_cli.rows.run import ArgumentValue
from xmm_cli.rows.sources import STDIN
from xmm_cli.rows.types import Finding, Run, Score

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Even if something slipped in, a browser would load and run nothing."""
LONGEST = 600
"""So much of an answer or description is shown."""


class DrawnFigure(NamedTuple):
    """A drawn figure, and what it shows, for those who do not see it."""

    svg: bytes
    words: str


def page(
    scores: Sequence[Score],
    findings: Sequence[Finding],
    figures: Sequence[DrawnFigure],
    samples: Sequence[AnswerSample],
    runs: Sequence[Run],
    *,
    audits: Sequence[Audit] = (),
    title: str = "Cross-modality memorization",
) -> str:
    """The whole page. The same rows give the same text; what a row says is never markup."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{escape(title)}</h1>",
        render_audits(audits, "html", width=0, colour=False),
        render(scores, "html", width=0, colour=False),
        *_findings(findings),
        *_figures(figures),
        *_samples(samples),
        *_commands(runs),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        shown = render_findings(findings, "html", width=0, colour=False)
        yield f"<section>\n<h2>Findings</h2>\n{shown}</section>"


def _figures(figures: Sequence[DrawnFigure]) -> Iterator[str]:
    if not figures:
        return
    yield "<section>\n<h2>Figures</h2>"
    for figure in figures:
        data = b64encode(figure.svg).decode()
        words = escape(figure.words)
        yield (
            f'<figure><img class="plot" alt="{words}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{words}</figcaption></figure>"
        )
    yield "</section>"


def _samples(samples: Sequence[AnswerSample]) -> Iterator[str]:
    if not samples:
        return
    yield "<section>\n<h2>What the model said</h2>"
    if any(one.when for one in samples):
        yield (
            "<p>First the people who were to be forgotten and those who were to be kept, each "
            "before and after unlearning.</p>"
        )
    yield "<p>The first answers in the rows, right and wrong; each of another person.</p>"
    yield '<div class="samples">'
    yield from (_sample(one) for one in samples)
    yield "</div>\n</section>"


def _sample(one: AnswerSample) -> str:
    row = one.row
    right = bool(row.correct)
    if one.picture:
        alt = f"a held-out picture of {row.expected}"
        shown = f'<img class="person" alt="{escape(alt)}" src="{one.picture}">'
    elif one.text:
        shown = f"<blockquote>{escape(_cut(one.text))}</blockquote>"
    else:
        what = "picture" if row.modality == "image" else "description"
        shown = f'<p class="absent">(the {what} is not where the rows say)</p>'
    when = f"<p><strong>{escape(one.when)}</strong></p>" if one.when else ""
    judged = "right" if right else f"wrong: it is {row.expected}"
    return (
        f'<article class="{"right" if right else "wrong"}">{shown}'
        f"{when}<p>learned from {escape(str(row.source))}, asked with {escape(row.modality)}</p>"
        f"<p>{escape(_cut(row.question))}</p>"
        f"<p><q>{escape(_cut(row.answer or ''))}</q></p>"
        f'<p class="judged"><span aria-hidden="true">{"✓" if right else "✗"}</span> '
        f"{escape(_cut(judged))}</p></article>"
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _commands(runs: Sequence[Run]) -> Iterator[str]:
    if not runs:
        return
    known = {run.id: run for run in runs}
    rows = [
        [
            f"<code>{escape(command_of(run, known))}</code>",
            f"<code>{escape(run.id)}</code>",
            "–" if run.seed is None else str(run.seed),
            escape(run.started),
            f"{run.elapsed_s:,.0f} s",
        ]
        for run in runs
    ]
    yield "<section>\n<h2>How it was made</h2>"
    header = ["command", "run", "seed", "started", "took"]
    yield table("The runs whose rows are shown, as they recorded themselves", header, rows, "runs")
    versions = sorted({f"{name} {number}" for run in runs for name, number in run.versions.items()})
    yield f"<p>Versions: {escape(', '.join(versions))}.</p>\n</section>"


def command_of(run: Run, known: Mapping[str, Run]) -> str:
    """The command line that does it again; where rows came through a pipe, with what made them.

    Of a row that does not tell its command line, what it was asked.
    """
    if not run.words:
        asked = [f"{name} {_told(value)}" for name, value in run.arguments.items() if value]
        return f"{run.command}: {', '.join(asked)}"
    command = shlex.join(["xmm", *run.words])
    above = _makers(run, known) if STDIN in run.words else []
    made = [command_of(known[one], known) for one in above]
    if not made:
        return command
    return f"{made[0] if len(made) == 1 else '{ ' + '; '.join(made) + '; }'} | {command}"


def _told(value: ArgumentValue) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _makers(run: Run, known: Mapping[str, Run]) -> list[str]:
    """The runs that made what it read, without those that only made what they read."""
    before: set[str] = set()
    for one in run.parents:
        before |= _before(one, known)
    told = [one for one in run.parents if one in known and known[one].words]
    return [one for one in told if one not in before and one != run.id]


def _before(run: str, known: Mapping[str, Run]) -> set[str]:
    """All runs that a run goes back to."""
    found: set[str] = set()
    waiting = [run]
    while waiting:
        row = known.get(waiting.pop())
        new = set() if row is None else set(row.parents) - found - {run}
        found |= new
        waiting += new
    return found
