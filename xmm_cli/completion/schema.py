"""`xmm_cli/rows/schema.json`: the JSON Schema of every kind of row, written from the structs."""

from typing import Any

import msgspec

from xmm_cli.completion.guide import note_of
from xmm_cli.rows import types
from xmm_cli.rows.json_schema import FILE


def text() -> str:
    """The whole file: a schema of any row, and one of each kind in `$defs`."""
    kinds: list[type] = [*types.ROW_TYPES, types.ImageView, types.TextView]
    _, parts = msgspec.json.schema_components(types.ROW_TYPES, ref_template="#/$defs/{name}")
    for kind in kinds:
        _explain(kind, parts[kind.__name__])
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A row of xmm",
        "description": f"Version {types.SCHEMA} of each kind. Unknown fields are allowed.",
        "oneOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in types.ROW_TYPES],
        "$defs": parts,
    }
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"


def _explain(kind: type, schema: dict[str, Any]) -> None:
    """Let each field say what it means."""
    for name, field in schema["properties"].items():
        if note := note_of(kind, name):
            field["description"] = " ".join(note.split())


def write() -> None:
    """Write the file."""
    FILE.write_text(text(), "utf-8")
