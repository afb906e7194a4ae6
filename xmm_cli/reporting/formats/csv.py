"""One line a score, for spreadsheets and data frames: a column a field, a column a label."""

import csv
from collections.abc import Sequence
from io import StringIO

import msgspec

from xmm_cli.reporting.words import clean
from xmm_cli.rows.types import Score

FIELDS = [name for name in Score.__struct_fields__ if name not in ("schema", "run", "condition")]


def render(scores: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A header and a line a score; labels are the columns `condition.NAME`."""
    names = sorted({name for score in scores for name in score.condition})
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*FIELDS, *(clean(f"condition.{name}") for name in names)])
    for score in scores:
        fields = msgspec.structs.asdict(score)
        values = [fields[name] for name in FIELDS] + [score.condition.get(name) for name in names]
        writer.writerow([clean(value) if isinstance(value, str) else value for value in values])
    return file.getvalue()
