"""`xmm report`."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xmm_cli.commands.options import InputArg, QuietOption
from xmm_cli.commands.probes import from_here
from xmm_cli.console import say
from xmm_cli.errors import BadData, CannotWrite, ReaderGone, WrongUsage
from xmm_cli.reporting import render
from xmm_cli.reporting.plots import FIGURES
from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.types import Probe, Score, Trace

if TYPE_CHECKING:
    from xmm_cli.scoring.findings import People

EXAMPLES = """
Examples:
  xmm report results.jsonl
  xmm probe runs/image runs/text --untrained | xmm score | xmm report
  xmm report scores.jsonl --format markdown > table.md
  xmm report results.jsonl --findings --format json > findings.json
  xmm report results.jsonl --plot leak.png --figure unlearning

Probe rows are scored first, as xmm score does it. Colours are left out when the output is no
terminal, and where NO_COLOR is set. A finding holds if its whole interval over persons is on the
claimed side, and every seed alone is too; one that the rows do not support is left out. With
--plot alone nothing is written to stdout.
"""

_WIDTH = 80


def run(
    inputs: InputArg = None,
    format: Annotated[
        str,
        typer.Option("--format", "-f", metavar="NAME", help="table, markdown, csv, json or jsonl."),
    ] = "table",
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="LABELS", help="Group probe rows by these labels, by comma."),
    ] = None,
    findings: Annotated[
        bool, typer.Option("--findings", help="What the study found, each with a verdict.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw a figure: .png, .svg or .pdf."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(
            "--figure",
            metavar="NAME",
            help=f"{', '.join(FIGURES.names())}; the first that the rows support, if absent.",
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Show what was learned, what crosses to the other modality, and how sure that is.

    Reads `probe` or `score` rows; for findings and figures `probe` and `trace` rows.
    """
    say.quiet = quiet
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
    if not findings and plot is None:
        if figure is not None:
            raise WrongUsage("--figure without --plot", "name the file to draw to with --plot")
        labels = None if by is None else [name for name in by.split(",") if name]
        _print(render(_scores(inputs or [], labels), format, width=width, colour=colour))
        return
    if by is not None:
        raise WrongUsage("--by", "findings and figures choose their own groups; leave it out")
    _check(format, plot, figure)
    people = _people(inputs or [])
    if plot is not None:
        _plot(people, plot, figure)
    if findings:
        _print(_findings(people, format, width, colour))


def _scores(inputs: list[str], by: list[str] | None) -> list[Score]:
    """The score rows, and the scores of the probe rows, among the inputs."""
    from xmm_cli.scoring import score_rows

    given: list[Score] = []

    def probes() -> Iterator[Probe]:
        rows = read_rows(inputs, want=(Probe, Score), skip=(Trace,))
        for one in require_some(rows, inputs, want=(Probe, Score)):
            if isinstance(one.row, Score):
                given.append(one.row)
            elif isinstance(one.row, Probe):
                yield from_here(one.row, one.folder)

    result = score_rows(probes(), by=by)
    for note in result.notes:
        say.note(note)
    return given + result.rows


def _check(format: str, plot: Path | None, figure: str | None) -> None:
    """Refuse before reading what could not be written after it."""
    from xmm_cli.reporting import FORMATS
    from xmm_cli.reporting.plots import check_suffix

    FORMATS.check(format)
    if plot is not None:
        check_suffix(plot)
    if figure is not None:
        if plot is None:
            raise WrongUsage("--figure without --plot", "name the file to draw to with --plot")
        FIGURES.check(figure)


def _people(inputs: list[str]) -> "People":
    """All probe and trace rows, counted."""
    from xmm_cli.scoring.findings import count

    rows = read_rows(inputs, want=(Probe, Trace), skip=(Score,))
    found = require_some(rows, inputs, want=(Probe, Trace))
    return count(one.row for one in found if isinstance(one.row, Probe | Trace))


def _findings(people: "People", format: str, width: int, colour: bool) -> str:
    from xmm_cli.reporting.findings_table import render_findings
    from xmm_cli.scoring.findings import find_all

    found = find_all(people)
    for note in found.notes:
        say.note(note)
    return render_findings(found.rows, format, width=width, colour=colour)


def _plot(people: "People", file: Path, figure: str | None) -> None:
    """Draw the figure, or the first that the rows support, and say which."""
    from xmm_cli.reporting.plots import check_suffix, draw
    from xmm_cli.rows.files import atomic_write_bytes
    from xmm_cli.scoring.findings.series import first_series, series_of

    series = series_of(people, figure) if figure else first_series(people)
    if series is None:
        wanted = f"figure {figure}" if figure else "any figure"
        raise BadData(f"the rows do not support {wanted}", "it needs other conditions than these")
    atomic_write_bytes(file, draw(series, check_suffix(file)))
    say.note(f"{file}: figure {series.figure}")


def _print(text: str) -> None:
    """Write the text whole, in any encoding, to a reader that may leave."""
    try:
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.buffer.write(text.encode(encoding, "replace"))
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        raise CannotWrite(f"stdout: {error.strerror}") from error
