"""Rows given to the engine as a user gives them: in a file."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from xmm_cli.rows.inputs import Inputs, open_inputs
from xmm_cli.rows.types import Row
from xmm_cli.rows.writer import encode
from xmm_cli.scoring import score
from xmm_cli.scoring.config import ScoreConfig
from xmm_cli.scoring.counting import count as counted
from xmm_cli.study.condition_counts import ConditionCounts
from xmm_cli.study.find import people_of


@contextmanager
def opened(rows: Iterable[Row]) -> Iterator[Inputs]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        with file.open("wb") as lines:
            lines.writelines(encode(row) for row in rows)
        with open_inputs([str(file)]) as inputs:
            yield inputs


def score_rows(rows: Iterable[Row], **options) -> score.ScoreResult:
    with opened(rows) as inputs:
        return score.score_inputs(inputs, ScoreConfig(**options), need=())


def score_against(rows: Iterable[Row], baseline: Iterable[Row], **options) -> score.ScoreResult:
    with opened(rows) as own, opened(baseline) as other:
        return score.score_against(own, other, ScoreConfig(**options))


def count(rows: Iterable[Row]) -> ConditionCounts:
    with opened(rows) as inputs:
        return people_of(inputs, need=())


def groups_of(rows: Iterable[Row], metrics, by=None, roles=("eval",)):
    with opened(rows) as inputs:
        counts = counted(inputs, score.wanted_for(metrics), need=())
    return counts, score.grouped(counts, metrics, by, roles)[0]


def measured(row: Row, metric: str) -> float | None:
    """What a metric's measure is of one row."""
    with opened([row]) as inputs:
        counts = counted(inputs, score.wanted_for(score.load_metrics([metric])), need=())
    (cell,) = counts.asked.values()
    (person,) = cell.persons.values()
    number, total = person.of(metric)
    return total / number if number else None
