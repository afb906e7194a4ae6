"""One row a line, as `xmm score` and `--findings` write them."""

from collections.abc import Iterator, Sequence

import msgspec

from xmm_cli.reporting.answers import ResultRows, records, to_json
from xmm_cli.reporting.format import Format
from xmm_cli.rows.types import Audit, Finding, Score


def listed(rows: Sequence[Score | Finding | Audit], **_: object) -> str:
    """The rows, each on its line."""
    return "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows)


def answer(columns: Sequence[str], rows: ResultRows, **_: object) -> Iterator[str]:
    """A record a line."""
    return (f"{to_json(record).decode()}\n" for record in records(columns, rows))


FORMAT = Format(listed, listed, answer, between="", audits=listed)
