"""`xmm score`."""

from typing import Annotated, TypedDict

import msgspec
import typer

from xmm_cli.commands.shared.options import InputArg, QuietOption, SeedOption
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.rows.reader import STDIN
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Run
from xmm_cli.rows.writer import RowWriter
from xmm_cli.scoring.config import DEFAULTS
from xmm_cli.scoring.metrics import DEFAULT, METRICS

EXAMPLES = """
Examples:
  xmm probe runs/image runs/text --untrained | xmm score | xmm report
  xmm score results.jsonl --by base,views > scores.jsonl
  xmm score 'results/**/*.jsonl.zst' runs.parquet --metric recall,exposure,token_f1
  xmm score paired.jsonl --against plain.jsonl | xmm report --format csv
  xmm score results.jsonl | jq -c 'select(.metric == "transfer_gap") | [.source, .value, .low]'

The person is the unit of every interval: a bootstrap draws people, not views. Rows of the base
without an adapter (xmm probe --untrained) give the chance of a generated answer. Files may be
gzip, zstd or Parquet. A question that stands twice counts once. --against gives differences, with
an interval, p (runs swapped within persons) and p_holm (over all comparisons of a metric).
"""


MORE = [name for name in METRICS.names() if name not in DEFAULT]


def run(
    inputs: InputArg = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", metavar="LABELS", help="Group by these condition labels only, by comma."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="LIST",
            help="These only, by comma, or all; the usual ones if absent. More: "
            + f"{', '.join(MORE)}.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Compare with this run's probe rows, person by person; a quoted glob for several.",
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
    labels = None if by is None else _listed(by)
    names = None if metric is None else _listed(metric)
    from xmm_cli.rows.inputs import open_inputs
    from xmm_cli.scoring.score import load_metrics, score_against, score_inputs

    load_metrics(names)
    if against == STDIN and (not inputs or STDIN in inputs):
        raise WrongUsage("stdin for both runs", "name a file for one of them")
    writer = RowWriter()
    arguments = {
        "by": labels,
        "metric": names,
        "against": against,
        "level": level,
        "resamples": resamples,
    }
    recorder = RunRecorder("score", arguments, seed=seed, not_in_id={"against"})
    options = Options(by=labels, metrics=names, level=level, resamples=resamples, seed=seed)
    with open_inputs(inputs or []) as own:
        if against is None:
            result = score_inputs(own, **options)
        else:
            with open_inputs([against]) as baseline:
                result = score_against(own, baseline, **options)
        for counts in result.counts:
            recorder.saw_counts(counts.digest(), counts.runs)
        for run in own.rows_of(Run) if result.counts[0].kinds["run"] else ():
            writer.write_raw(run.raw)
    for row in result.rows:
        writer.write(msgspec.structs.replace(row, run=recorder.id))
    for note in result.notes:
        say.note(note)
    writer.write(recorder.row())


class Options(TypedDict):
    """What both ways of scoring are told."""

    by: list[str] | None
    metrics: list[str] | None
    level: float
    resamples: int
    seed: int


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
