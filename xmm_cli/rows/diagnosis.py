"""Why a line is not the row that was asked for, in words.

Reading is fast because it asks only whether a line is good. When it is not, this module looks at
the line a second time, slowly, and says what was found, what was expected, and the mend.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import orjson

from xmm_cli.rows.paths import PERSONAS
from xmm_cli.rows.types import ROW_TYPES, SCHEMA, Persona, Row

Diagnosis = tuple[str, str | None]
"""A message and a hint."""

KINDS: dict[str, type[Row]] = {str(row.__struct_config__.tag): row for row in ROW_TYPES}
MADE_BY = {
    "persona": "gen-personas",
    "checkpoint": "train",
    "probe": "probe",
    "score": "score",
    "finding": "report --findings --format jsonl",
}
_UTF16_OR_32 = (b"\xff\xfe", b"\xfe\xff")
_FIELD = re.compile(r"^(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_LONGEST_QUOTE = 40
_OF_NUMBERS = b"+-.eE0123456789"
_ENDS_EARLY = "Input data was truncated"
"""What msgspec says of such a line, unless it ends within a number."""

TORN: Diagnosis = (
    "the last line looks torn: it ends early and has no newline",
    "was the writer interrupted? remove the line, or make it again",
)
"""What to say where there is no other line."""


def kind_of(row: Row | type[Row]) -> str:
    """The `kind` of a row or a row type."""
    return str(row.__struct_config__.tag)


def name_kinds(want: Sequence[type[Row]]) -> str:
    """`persona`, or `probe or score`: the kinds of these types for a message."""
    return " or ".join(kind_of(row) for row in want)


def newer(schema: int) -> Diagnosis:
    """What to say of a row whose version this xmm does not know."""
    return (
        f"row of schema {schema}, this xmm knows up to {SCHEMA}",
        "made by a newer xmm; upgrade",
    )


def wrong_kind(found: str, want: Sequence[type[Row]]) -> Diagnosis:
    """What to say of a good row of another kind."""
    makers = [MADE_BY[kind_of(row)] for row in want if kind_of(row) in MADE_BY]
    hint = f"is this from {' or '.join(makers)}?" if makers else None
    return f"expected a {name_kinds(want)} row, found a {found} row", hint


def is_torn(last: bytes) -> bool:
    """Whether a last line without a newline is the beginning of a JSON object.

    It is still being written, or its writer was interrupted.
    """
    begun = last.strip().rstrip(_OF_NUMBERS)
    try:
        msgspec.json.decode(begun)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return begun.startswith(b"{") and str(error) == _ENDS_EARLY
    return False


def left_out(name: str) -> str:
    """What to say of an input whose last line is torn."""
    return f"{name}: the last line is not whole yet and was left out"


def explain(line: bytes, error: Exception, want: Sequence[type[Row]]) -> Diagnosis:
    """Say what is wrong with a line of which the decoder raised `error`."""
    try:
        line.decode()
    except UnicodeDecodeError as bad:
        return _not_utf8(line, bad)
    if b"\0" in line:
        return "a NUL byte", "is this a JSONL file, and was it copied whole?"
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as bad:
        return _not_json(line, bad)
    if not isinstance(found, dict):
        name = {list: "array", str: "string", bool: "boolean", type(None): "null"}
        what = name.get(type(found), "number")
        return f"expected a JSON object, found a JSON {what}", "one row a line: is this JSONL?"
    return _wrong_row(found, error, want)


def people_beside(name: str, number: int, line: bytes, want: Sequence[type[Row]]) -> str | None:
    """The mend where people alone are wanted, the first row is none, and their rows lie beside."""
    file = Path(name)
    beside = file.with_name(PERSONAS)
    if number > 1 or tuple(want) != (Persona,) or name == "stdin" or file.name == PERSONAS:
        return None
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    is_other = isinstance(found, dict) and found.get("kind") != kind_of(Persona)
    return f"did you mean {beside}?" if is_other and beside.is_file() else None


def _not_utf8(line: bytes, bad: UnicodeDecodeError) -> Diagnosis:
    if line.startswith(_UTF16_OR_32):
        return "not UTF-8: it looks like UTF-16", "save the file as UTF-8"
    return f"not UTF-8 at byte {bad.start + 1}", "is this a JSONL file, saved as UTF-8?"


def _not_json(line: bytes, bad: orjson.JSONDecodeError) -> Diagnosis:
    if re.search(rb"\b(NaN|-?Infinity)\b", line):
        return f"not JSON: {bad}", "NaN and Infinity are not JSON; write null"
    return f"not JSON: {bad}", None


def _wrong_row(found: dict[str, object], error: Exception, want: Sequence[type[Row]]) -> Diagnosis:
    """A JSON object that is no row: look at `kind`, then `schema`, then the fields."""
    schema = found.get("schema")
    if type(schema) is int and schema > SCHEMA:
        return newer(schema)
    if "kind" not in found:
        return "a JSON object without 'kind'", f"expected a {name_kinds(want)} row"
    kind = found["kind"]
    if not isinstance(kind, str):
        return "'kind' is not a string", f"expected a {name_kinds(want)} row"
    if kind not in KINDS:
        return f"unknown kind {_quote(kind)}", f"expected a {name_kinds(want)} row"
    if KINDS[kind] not in want and kind != "run":
        return wrong_kind(kind, want)
    match = _FIELD.match(str(error))
    problem, path = (match["problem"], match["path"]) if match else (str(error), None)
    if isinstance(error, RecursionError):
        problem = "nested too deeply"
    problem = problem.replace("`", "").removeprefix("Object ")
    problem = problem[:1].lower() + problem[1:]
    where = f"{kind} row, field {path}" if path else f"{kind} row"
    return f"{where}: {problem}", None


def _quote(text: str) -> str:
    """`text` in quotes, cut if it is long."""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")
