"""`xmm score`."""

from typing import Annotated

import msgspec
import typer

from xmm_cli.commands.options import InputArg, QuietOption, SeedOption
from xmm_cli.commands.probes import probes
from xmm_cli.console import say
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.writer import RowWriter
from xmm_cli.scoring import DEFAULTS, score_rows

EXAMPLES = """
Examples:
  xmm probe runs/image runs/text --untrained | xmm score | xmm report
  xmm score results.jsonl --by base,views > scores.jsonl
  xmm score results.jsonl | jq -c 'select(.metric == "transfer_gap") | [.source, .value, .low]'

The person is the unit of every interval: a bootstrap draws people, not views. Rows of the base
without an adapter (xmm probe --untrained) give the chance of a generated answer.
"""


def run(
    inputs: InputArg = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="LABELS", help="Group by these condition labels only, by comma."
        ),
    ] = None,
    level: Annotated[
        float, typer.Option("--level", metavar="X", help="Confidence level of the intervals.")
    ] = DEFAULTS.level,
    resamples: Annotated[
        int, typer.Option("--resamples", metavar="N", help="How often people are drawn anew.")
    ] = DEFAULTS.resamples,
    seed: SeedOption = DEFAULTS.seed,
    quiet: QuietOption = False,
) -> None:
    """Turn answers into recall, memory and transfer, with intervals over people.

    Reads `probe` rows; writes one `score` row for each metric, cell and condition.
    """
    say.quiet = quiet
    labels = None if by is None else [name for name in by.split(",") if name]
    writer = RowWriter()
    arguments = {"by": labels, "level": level, "resamples": resamples}
    recorder = RunRecorder("score", arguments, seed=seed)
    result = score_rows(
        probes(inputs or [], recorder, writer.write_raw),
        by=labels,
        level=level,
        resamples=resamples,
        seed=seed,
    )
    for row in result.rows:
        writer.write(msgspec.structs.replace(row, run=recorder.id))
    for note in result.notes:
        say.note(note)
    writer.write(recorder.row())
