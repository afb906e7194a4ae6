"""All rows as one JSON list, for programs that do not read line by line."""

from collections.abc import Iterator, Sequence

import msgspec
import orjson

from xmm_cli.reporting.answers import ResultRows, records, to_json
from xmm_cli.reporting.format import Format
from xmm_cli.rows.types import Audit, Finding, Score


def listed(rows: Sequence[Score | Finding | Audit], **_: object) -> str:
    """The list, indented; an empty list for no rows."""
    text = msgspec.json.format(msgspec.json.encode(list(rows)), indent=2)
    return f"{text.decode()}\n"


def answer(columns: Sequence[str], rows: ResultRows, **_: object) -> Iterator[str]:
    """One list of records."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    yield to_json(list(records(columns, rows)), option).decode()


FORMAT = Format(listed, listed, answer, between=None, audits=listed)
