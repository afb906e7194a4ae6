"""`xmm report`."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from xmm_cli.commands.shared.options import InputFiles
from xmm_cli.commands.shared.printing import print_pieces
from xmm_cli.commands.shared.results import (
    findings_text,
    read_people,
    scores_of,
    series_of_figure,
    tables,
)
from xmm_cli.commands.shared.signature import NOTHING, GivenOptions
from xmm_cli.console import say
from xmm_cli.errors import ReaderGone, WrongUsage
from xmm_cli.flags import DATA, MEASURED, OUTPUT, SHOWN, Flag
from xmm_cli.reporting import FORMATS
from xmm_cli.scoring.config import DEFAULTS
from xmm_cli.streams import text_out
from xmm_cli.study.figures import FIGURES

if TYPE_CHECKING:
    from xmm_cli.rows.types import Finding
    from xmm_cli.study.condition_counts import ConditionCounts

EXAMPLES = """
Examples:
  xmm report results.jsonl
  xmm probe runs/image runs/text --untrained | xmm score | xmm report
  xmm report scores.jsonl --format markdown > table.md
  xmm report results.jsonl --html report.html
  xmm report results.jsonl --card runs/image
  xmm report results.jsonl --plot leak.png --figure unlearning
  xmm report results.jsonl --findings --format json > findings.json
  xmm report results.jsonl --fail-if 'gap[image->text].low > 0.2'
  xmm report audit/probes.jsonl --audit --fail-if 'verdict != erased'
  xmm report 'runs/*.jsonl' --sql "select source, avg(gap) from gaps group by all" --format csv

Probe rows are scored first, as xmm score does it. Colours are left out when the output is no
terminal, and where NO_COLOR is set. A finding holds if its whole interval is on the claimed
side and p, corrected for the other tests of its family, is below 0.05; it is negligible if it
is shown to be smaller than 5 points. Findings that the rows do not support are left out.
Finding rows (--findings --format jsonl) are shown again. With --plot FILE, --html, --to or
--card alone nothing is written to stdout.

--sql knows the views personas, checkpoints, probes, traces, scores, findings, runs and gaps,
and nothing else: no files, no network. --fail-if takes METRIC[FILTERS].BOUND > NUMBER; the
bound is value, low or high. It ends with 3 if a row makes it true, and with 65 if it is about
no row. With --audit it takes verdict != NAME, or verdict[image] == NAME.
"""

_USED = {
    "sql": {"format", "timeout"},
    "to": set[str](),
    "audit": {"format", "html", "fail_if", "margin", "resamples", "by"},
    "html": {"by", "resamples", "fail_if"},
    "findings": {"format", "plot"},
    "plot": {"figure", "findings"},
    "card": {"by", "resamples"},
    "": {"format", "by", "resamples", "fail_if"},
}
"""What is asked for, by its option, and the options that it uses. The last is a table of scores."""

_WIDTH = 80


KNOWN = {"format": FORMATS.names(), "figure": FIGURES.names()}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The options of `xmm report`."""

    inputs: InputFiles = None
    by: Annotated[
        str | None, Flag("Group probe rows by these labels, by comma.", MEASURED, metavar="LABELS")
    ] = None
    resamples: Annotated[
        int, Flag("How often people are drawn anew; 100 least.", MEASURED, metavar="N")
    ] = DEFAULTS.resamples
    fail_if: Annotated[
        list[str] | None, Flag("End with 3 if a score is so.", MEASURED, metavar="CONDITION")
    ] = None
    audit: Annotated[
        bool, Flag("Whether an unlearned model has forgotten, attacked or not: a verdict.", SHOWN)
    ] = False
    margin: Annotated[
        float, Flag("With --audit: a difference up to this is none.", MEASURED, metavar="X")
    ] = 0.1
    findings: Annotated[bool, Flag("What the study found, each with a verdict.", SHOWN)] = False
    plot: Annotated[
        str | None, Flag("Draw a figure: .png, .svg, .pdf, - for here.", SHOWN, metavar="FILE")
    ] = None
    figure: Annotated[
        str | None,
        Flag("{known}; the first that the rows support, if absent.", SHOWN, metavar="NAME"),
    ] = None
    html: Annotated[
        Path | None, Flag("All on one page: tables, figures, answers.", SHOWN, metavar="FILE")
    ] = None
    card: Annotated[
        Path | None, Flag("Put a checkpoint's scores on its model card.", SHOWN, metavar="DIR")
    ] = None
    sql: Annotated[str | None, Flag("Ask the rows in SQL.", DATA, metavar="QUERY")] = None
    timeout: Annotated[
        float | None, Flag("Give up --sql after this.", DATA, metavar="SECONDS", min=0.001)
    ] = None
    to: Annotated[
        Path | None, Flag("Gather the rows in a .parquet or .duckdb file.", DATA, metavar="FILE")
    ] = None
    format: Annotated[str, Flag("{known}.", OUTPUT, "--format -f", metavar="NAME")] = "table"


def run(options: ReportOptions, given: GivenOptions = NOTHING) -> None:
    """Show what was learned, what crosses to the other modality, and how sure that is.

    Reads `probe`, `score` or `finding` rows; for findings and figures `probe` and `trace` rows.
    """
    _refuse_stray(given.keys() - {"inputs", "quiet"})
    by, resamples, format, html = options.by, options.resamples, options.format, options.html
    FORMATS.check(format)
    out = text_out()
    on_terminal = out is not None and out.isatty()
    colour = on_terminal and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if on_terminal else _WIDTH
    files = _files(options.inputs or [])
    if options.sql is not None:
        _sql(options.sql, files, options.timeout, format, width, colour)
    elif options.to is not None:
        _store(options.to, files)
    elif options.audit:
        _audit(options, files, width, colour)
    elif options.findings or options.plot is not None:
        _draw(files, options.plot, options.figure, options.findings, format, width, colour)
    elif options.card is not None:
        _card(options.card, files, by, resamples)
    else:
        from xmm_cli.reporting.audit_gate import refuse_verdicts
        from xmm_cli.reporting.gate import check_gates, read_gate
        from xmm_cli.scoring.metrics import METRICS

        refuse_verdicts(options.fail_if or [])
        gates = [read_gate(text, METRICS) for text in options.fail_if or []]
        kept: list[Finding] = []
        if html is None:
            scores = scores_of(kept, files, _labels(by), resamples)
            try:
                print_pieces([tables(scores, kept, format, width, colour)], format)
            except ReaderGone:
                check_gates(gates, scores)  # who reads the table does not decide on the gate
                raise
        else:
            from xmm_cli.commands.shared.pages import write_page

            scores = write_page(html, files, _labels(by), resamples)
        check_gates(gates, scores)


def _refuse_stray(options: set[str]) -> None:
    """Refuse options on the command line that would do nothing."""
    asked = [name for name in _USED if name in options] or [""]
    if "audit" in asked:
        _refuse_beside_audit(options)
    used = set(asked[:1]).union(*(_USED[name] for name in asked))
    for name in sorted(options - used):
        if name in _USED:
            raise WrongUsage(f"{_flag(asked[0])} with {_flag(name)}", "one at a time")
        where = [_flag(one) if one else "a table of scores" for one in _USED if name in _USED[one]]
        beside = f"with {_flag(asked[0])}" if asked[0] else f"without {where[0]}"
        raise WrongUsage(f"{_flag(name)} {beside}", f"it is for {' or '.join(where)}")


def _refuse_beside_audit(options: set[str]) -> None:
    """An audit is a text in a format, or stands on a page whose scores are grouped."""
    if "html" not in options and "by" in options:
        raise WrongUsage("--by with --audit", "it groups the scores on a page: add --html")
    if "html" in options and "format" in options:
        raise WrongUsage("--format with --html", "a page is HTML")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _labels(by: str | None) -> list[str] | None:
    return None if by is None else [name for name in by.split(",") if name]


def _card(folder: Path, inputs: list[str], by: str | None, resamples: int) -> None:
    from xmm_cli.commands.shared.cards import put_on_card

    for note in put_on_card(folder, inputs, _labels(by), resamples):
        say.note(note)
    say.note(f"{folder / 'README.md'}: what was measured stands there")


def _files(inputs: list[str]) -> list[str]:
    from xmm_cli.rows.sources import expanded

    return expanded(inputs)


def _sql(
    query: str, inputs: list[str], timeout_s: float | None, format: str, width: int, colour: bool
) -> None:
    from xmm_cli.reporting.answers import render_answer
    from xmm_cli.reporting.sql import asked

    with asked(query, inputs, timeout_s=timeout_s) as answer:
        shown = render_answer(answer.columns, answer.rows, format, width=width, colour=colour)
        print_pieces(shown, format)


def _store(file: Path, inputs: list[str]) -> None:
    from xmm_cli.reporting.sql import check_store, store

    done = store(check_store(file), inputs)
    say.note(f"{file}: {done.added} rows added, {done.total} now")


def _audit(options: ReportOptions, files: list[str], width: int, colour: bool) -> None:
    """The verdicts, as text or on a page; then the gates."""
    from xmm_cli.commands.shared.audits import verdicts
    from xmm_cli.reporting.audit_gate import check_verdicts, read_verdict_gate
    from xmm_cli.reporting.audit_table import render_audits
    from xmm_cli.scoring.config import ScoreConfig
    from xmm_cli.study.audit import AuditRule

    if not 0 < options.margin < 1:
        raise WrongUsage(f"--margin {options.margin:g}", "a share between 0 and 1, like 0.1")
    ScoreConfig(resamples=options.resamples).check()
    gates = [read_verdict_gate(text) for text in options.fail_if or []]
    rule = AuditRule(options.margin, resamples=options.resamples)
    found, made = verdicts(files, rule, _labels(options.by), on_page=options.html is not None)
    if made is not None and options.html is not None:
        made.write(options.html, found)
    else:
        text = render_audits(found, options.format, width=width, colour=colour)
        try:
            print_pieces([text], options.format)
        except ReaderGone:
            check_verdicts(gates, found)  # who reads the table does not decide on the gate
            raise
    check_verdicts(gates, found)


def _draw(
    inputs: list[str], plot: str | None, figure: str | None, findings: bool,
    format: str, width: int, colour: bool,
) -> None:  # fmt: skip
    """Findings, a figure, or both; refused before reading what could not be written after it."""
    from xmm_cli.reporting.plots import check_suffix

    if plot not in (None, "-"):
        check_suffix(Path(str(plot)))
    if figure is not None:
        FIGURES.check(figure)
    people, kept = read_people(inputs, findings)
    if people.repeated and not findings:  # findings say it themselves
        say.note(f"{people.repeated} probe rows were given twice and count once")
    if plot == "-":
        from xmm_cli.reporting.plots.bars import drawn

        print_pieces([drawn(series_of_figure(people, figure), width=width, colour=colour)], "table")
    elif plot is not None:
        _plot(people, Path(plot), figure)
    if findings:
        print_pieces([findings_text(people, kept, format, width, colour)], format)


def _plot(people: "ConditionCounts", file: Path, figure: str | None) -> None:
    """Draw the figure, and say which."""
    from xmm_cli.reporting.plots import check_suffix, draw
    from xmm_cli.rows.files import atomic_write_bytes

    series = series_of_figure(people, figure)
    atomic_write_bytes(file, draw(series, check_suffix(file)))
    say.note(f"{file}: figure {series.figure}")
