"""The SQL type of every field of every row, from the row definitions: never guessed from data."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from xmm_cli.rows.types import ROW_TYPES, Row

PLAIN = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE"}
VIEWS: dict[str, type[Row]] = {f"{row.__struct_config__.tag}s": row for row in ROW_TYPES}
"""`personas`, `checkpoints`, `probes`, `traces`, `scores`, `findings`, `runs`."""


def columns_of(row: type[Row], *, labels: str) -> dict[str, str]:
    """Field → SQL type. Free-form labels, whose values have several types, get the type `labels`.

    That is `MAP(VARCHAR, VARCHAR)`, which reads well (`condition['views']`), or `JSON`, which keeps
    4 and "4" apart.
    """
    hints = get_type_hints(row, include_extras=True)
    columns = {name: sql_type(hints[name], labels) for name in row.__struct_fields__}
    return {"kind": "VARCHAR", **columns}


def all_columns(*, labels: str) -> dict[str, str]:
    """The fields of all rows together. The few that differ between kinds are read as JSON."""
    columns: dict[str, str] = {}
    for row in ROW_TYPES:
        for name, kind in columns_of(row, labels=labels).items():
            columns[name] = kind if columns.get(name, kind) == kind else "JSON"
    return columns


def sql_type(hint: Any, labels: str) -> str:
    """The SQL type of a field's type."""
    if get_origin(hint) is Annotated:
        return sql_type(get_args(hint)[0], labels)
    options = _options(hint)
    if len(options) != 1:
        return labels if labels == "JSON" else "VARCHAR"
    (hint_type,) = options
    if hint_type in PLAIN:
        return PLAIN[hint_type]
    origin, inner = get_origin(hint_type), get_args(hint_type)
    if origin in (tuple, list):
        return f"{sql_type(inner[0], labels)}[]"
    if origin in (dict, Mapping):
        value = sql_type(inner[1], labels)
        return labels if len(_options(inner[1])) > 1 else f"MAP(VARCHAR, {value})"
    if isinstance(hint_type, type) and issubclass(hint_type, msgspec.Struct):
        hints = get_type_hints(hint_type, include_extras=True)
        fields = [
            f'"{name}" {sql_type(hints[name], labels)}' for name in hint_type.__struct_fields__
        ]
        return f"STRUCT({', '.join(fields)})"
    return "JSON"


_ABSENT = (type(None), msgspec.UnsetType)


def _options(hint: Any) -> list[Any]:
    """What a field may be besides null; the values of a Literal count as their type."""
    if get_origin(hint) is Annotated:
        return _options(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        inner = [option for part in get_args(hint) for option in _options(part)]
        return list(dict.fromkeys(option for option in inner if option not in _ABSENT))
    if get_origin(hint) is Literal:
        return list(dict.fromkeys(type(value) for value in get_args(hint)))
    return [hint]
