"""One line a score, for spreadsheets and data frames: a column a field, a column a label."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import chain

import msgspec

from xmm_cli.reporting.answers import ResultRows, plain_of
from xmm_cli.reporting.findings_table import FIELDS as FINDING_FIELDS
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.words import clean
from xmm_cli.rows.audit import AttackResult
from xmm_cli.rows.types import Audit, Finding, Score

FIELDS = [name for name in Score.__struct_fields__ if name not in ("schema", "run", "condition")]

AUDIT_FIELDS = (
    "objective", "through", "modality", "verdict", "margin", "level", "persons", "needed",
)  # fmt: skip
ATTACK_FIELDS = [name for name in AttackResult.__struct_fields__ if name != "attack"]


def scores(rows: Sequence[Score], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A header and a line a score; labels are the columns `condition.NAME`."""
    names = sorted({name for score in rows for name in score.condition})
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*FIELDS, *(clean(f"condition.{name}") for name in names)])
    for score in rows:
        fields = msgspec.structs.asdict(score)
        values = [fields[name] for name in FIELDS] + [score.condition.get(name) for name in names]
        writer.writerow([clean(value) if isinstance(value, str) else value for value in values])
    return file.getvalue()


def findings(rows: Sequence[Finding], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A header and a line a finding."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FINDING_FIELDS)
    for row in rows:
        fields = msgspec.structs.asdict(row)
        fields["by_seed"] = msgspec.json.encode(row.by_seed).decode()
        values = [fields[name] for name in FINDING_FIELDS]
        writer.writerow([clean(value) if isinstance(value, str) else value for value in values])
    return file.getvalue()


def audits(rows: Sequence[Audit], *, width: int, colour: bool) -> str:  # noqa: ARG001
    """A header and a line for each way of asking; a row of the whole has one line.

    What is of the way of asking stands in the columns `attack` and `attack.NAME`.
    """
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    nested = [f"attack.{name}" for name in ATTACK_FIELDS]
    writer.writerow(["model", *AUDIT_FIELDS, "attack", *nested])
    for row in rows:
        fields = msgspec.structs.asdict(row)
        own = [" ".join(row.models), *(fields[name] for name in AUDIT_FIELDS)]
        for attacked in [msgspec.structs.asdict(one) for one in row.attacks] or [{}]:
            cells = [*own, *(attacked.get(name) for name in ("attack", *ATTACK_FIELDS))]
            writer.writerow([clean(cell) if isinstance(cell, str) else cell for cell in cells])
    return file.getvalue()


def answer(columns: Sequence[str], rows: ResultRows, **_: object) -> Iterator[str]:
    """A header and a line a row."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in chain([columns], rows):
        writer.writerow(["" if value is None else clean(plain_of(value)) for value in row])
        yield file.getvalue()
        file.seek(0)
        file.truncate()


FORMAT = Format(scores, findings, answer, between=None, audits=audits)
