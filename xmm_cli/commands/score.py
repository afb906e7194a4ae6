"""`xmm score`."""

from dataclasses import asdict, dataclass
from typing import Annotated

import msgspec

from xmm_cli.commands.shared.options import InputFiles, listed
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import INTERVALS, MEASURED, Flag, Seed
from xmm_cli.rows.reader import STDIN
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Run
from xmm_cli.rows.writer import RowWriter
from xmm_cli.scoring.config import DEFAULTS, ScoreConfig
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


KNOWN = {"metric": [name for name in METRICS.names() if name not in DEFAULT]}


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """The options of `xmm score`."""

    inputs: InputFiles = None
    by: Annotated[
        str | None,
        Flag("Group by these condition labels only, by comma.", MEASURED, metavar="LABELS"),
    ] = None
    metric: Annotated[
        str | None,
        Flag(
            "These only, by comma, or all; the usual ones if absent. More: {known}.",
            MEASURED,
            metavar="LIST",
        ),
    ] = None
    against: Annotated[
        str | None,
        Flag(
            "Compare with this run's probe rows, person by person; a quoted glob for several.",
            MEASURED,
            metavar="FILE",
        ),
    ] = None
    level: Annotated[float, Flag("Confidence level of the intervals.", INTERVALS, metavar="X")] = (
        DEFAULTS.level
    )
    resamples: Annotated[int, Flag("How often people are drawn anew.", INTERVALS, metavar="N")] = (
        DEFAULTS.resamples
    )
    seed: Seed = DEFAULTS.seed


def run(options: ScoreOptions) -> None:
    """Turn answers into recall, memory and transfer, with intervals over people.

    Reads `probe` rows; writes one `score` row for each metric, cell and condition.
    """
    from xmm_cli.rows.inputs import open_inputs
    from xmm_cli.scoring.score import load_metrics, score_against, score_inputs

    inputs, against = options.inputs or [], options.against
    arguments = asdict(options)
    del arguments["inputs"], arguments["seed"]
    for name in ("by", "metric"):
        arguments[name] = None if arguments[name] is None else listed(arguments[name])
    load_metrics(arguments["metric"])
    if against == STDIN and STDIN in (inputs or [STDIN]):
        raise WrongUsage("stdin for both runs", "name a file for one of them")
    writer = RowWriter()
    recorder = RunRecorder("score", arguments, seed=options.seed, not_in_id={"against"})
    config = ScoreConfig(
        arguments["by"], arguments["metric"], options.level, options.resamples, options.seed
    )
    with open_inputs(inputs) as own:
        if against is None:
            result = score_inputs(own, config)
        else:
            with open_inputs([against]) as baseline:
                result = score_against(own, baseline, config)
        for counts in result.counts:
            recorder.saw_counts(counts.digest(), counts.runs)
        for run in own.rows_of(Run) if result.counts[0].kinds["run"] else ():
            writer.write_raw(run.raw)
    for row in result.rows:
        writer.write(msgspec.structs.replace(row, run=recorder.id))
    for note in result.notes:
        say.note(note)
    writer.write(recorder.row())
