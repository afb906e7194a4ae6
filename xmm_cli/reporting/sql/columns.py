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
    found = {name: sql_type(hints[name], labels) for name in row.__struct_fields__}
    return {"kind": "VARCHAR", **found}


def all_columns(*, labels: str) -> dict[str, str]:
    """The fields of all rows together. The few that differ between kinds are read as JSON."""
    found: dict[str, str] = {}
    for row in ROW_TYPES:
        for name, kind in columns_of(row, labels=labels).items():
            found[name] = kind if found.get(name, kind) == kind else "JSON"
    return found


def sql_type(hint: Any, labels: str) -> str:
    """The SQL type of a field's type."""
    if get_origin(hint) is Annotated:
        return sql_type(get_args(hint)[0], labels)
    options = _options(hint)
    if len(options) != 1:
        return labels if labels == "JSON" else "VARCHAR"
    (one,) = options
    if one in PLAIN:
        return PLAIN[one]
    origin, inner = get_origin(one), get_args(one)
    if origin in (tuple, list):
        return f"{sql_type(inner[0], labels)}[]"
    if origin in (dict, Mapping):
        value = sql_type(inner[1], labels)
        return labels if len(_options(inner[1])) > 1 else f"MAP(VARCHAR, {value})"
    if isinstance(one, type) and issubclass(one, msgspec.Struct):
        hints = get_type_hints(one, include_extras=True)
        fields = [f'"{name}" {sql_type(hints[name], labels)}' for name in one.__struct_fields__]
        return f"STRUCT({', '.join(fields)})"
    return "JSON"


_ABSENT = (type(None), msgspec.UnsetType)


def _options(hint: Any) -> list[Any]:
    """What a field may be besides null; the values of a Literal count as their type."""
    if get_origin(hint) is Annotated:
        return _options(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        found = [one for part in get_args(hint) for one in _options(part)]
        return list(dict.fromkeys(one for one in found if one not in _ABSENT))
    if get_origin(hint) is Literal:
        return list(dict.fromkeys(type(value) for value in get_args(hint)))
    return [hint]
