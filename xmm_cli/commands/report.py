"""`xmm report`."""

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from xmm_cli.commands.options import InputArg, QuietOption
from xmm_cli.commands.probes import from_here
from xmm_cli.console import say
from xmm_cli.errors import CannotWrite, ReaderGone
from xmm_cli.reporting import render
from xmm_cli.rows.reader import read_rows, require_some
from xmm_cli.rows.types import Probe, Score

EXAMPLES = """
Examples:
  xmm report results.jsonl
  xmm probe runs/image runs/text --untrained | xmm score | xmm report
  xmm report scores.jsonl --format markdown > table.md

Probe rows are scored first, as xmm score does it. Colours are left out when the output is no
terminal, and where NO_COLOR is set.
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
    quiet: QuietOption = False,
) -> None:
    """Show what was learned, what crosses to the other modality, and how sure that is.

    Reads `probe` or `score` rows.
    """
    say.quiet = quiet
    scores = _scores(inputs or [], None if by is None else [name for name in by.split(",") if name])
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
    _print(render(scores, format, width=width, colour=colour))


def _scores(inputs: list[str], by: list[str] | None) -> list[Score]:
    """The score rows, and the scores of the probe rows, among the inputs."""
    from xmm_cli.scoring import score_rows

    given: list[Score] = []

    def probes() -> Iterator[Probe]:
        rows = read_rows(inputs, want=(Probe, Score))
        for one in require_some(rows, inputs, want=(Probe, Score)):
            if isinstance(one.row, Score):
                given.append(one.row)
            elif isinstance(one.row, Probe):
                yield from_here(one.row, one.folder)

    result = score_rows(probes(), by=by)
    for note in result.notes:
        say.note(note)
    return given + result.rows


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
