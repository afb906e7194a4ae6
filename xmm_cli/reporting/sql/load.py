"""Rows of any files into the tables of a DuckDB connection, one table a kind."""

import os
from collections.abc import Iterable, Sequence
from glob import escape as glob_escape
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from msgspec import NODEFAULT, UNSET
from msgspec.structs import fields

from xmm_cli.errors import BadData
from xmm_cli.reporting.sql.columns import VIEWS, all_columns, columns_of
from xmm_cli.rows.failures import of_the_machine
from xmm_cli.rows.inputs import InputFile
from xmm_cli.rows.packed import quoted
from xmm_cli.rows.paths import from_here
from xmm_cli.rows.reader import MAX_LINE_BYTES, read_rows
from xmm_cli.rows.sources import NEVER_NULL
from xmm_cli.rows.types import ROW_TYPES, SCHEMA, Row

PATHS = {
    "checkpoints": ("path", "personas"),
    "probes": ("checkpoint",),
    "traces": ("checkpoint",),
}
"""Fields that are paths, table by table; a persona's pictures besides."""


def load(
    connection: Any,
    found: Sequence[InputFile],
    wanted: Iterable[str],
    *,
    labels: str,
    home: Path | None = None,
) -> None:
    """Make all tables of `VIEWS`, and fill those in `wanted`.

    Paths in the tables count from `home`, the working directory if absent.

    Raises:
        BadData: a line that is no row (file and line are named), or no rows at all.
    """
    tables = {name: columns_of(row, labels=labels) for name, row in VIEWS.items()}
    for name, columns in tables.items():
        typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f"CREATE TABLE {name} ({typed})")
    every, number = all_columns(labels=labels), 0
    for source in found:
        kinds = _kinds(connection, source)
        number += sum(kinds.values())
        for name in wanted:
            tag = str(VIEWS[name].__struct_config__.tag)
            if kinds.get(tag):
                last = connection.execute(f"SELECT max(rowid) FROM {name}").fetchone()[0]
                # a line of any kind must fit the types that it is read as
                read = {field: every[field] for field in tables[name]}
                _read(
                    connection,
                    source,
                    f"INSERT INTO {name} BY NAME "
                    f"SELECT * REPLACE ({_whole(VIEWS[name], read, tables[name])}) "
                    f"FROM {_rows(read)} WHERE kind = '{tag}'",
                )
                _respell(connection, name, -1 if last is None else last, source.folder, home)
    if not number:
        names = ", ".join(source.name for source in found)
        raise BadData(f"{names}: no rows", "is the previous command's output empty?")


def _respell(connection: Any, name: str, last: int, folder: Path, home: Path | None) -> None:
    """Let the paths of the rows after the `last` of a table count from `home`."""
    new = f"{name}.rowid > {last}"
    for field in PATHS.get(name, ()):
        query = f"SELECT DISTINCT {field} FROM {name} WHERE {new} AND {field} IS NOT NULL"
        paths = [path for (path,) in connection.execute(query).fetchall()]
        spelled = [(path, from_here(folder, path, home)) for path in paths]
        changed = [pair for pair in spelled if pair[0] != pair[1]]
        if changed:
            connection.execute("CREATE TEMP TABLE spelled (old VARCHAR, new VARCHAR)")
            connection.executemany("INSERT INTO spelled VALUES (?, ?)", changed)
            connection.execute(
                f"UPDATE {name} SET {field} = spelled.new FROM spelled "
                f"WHERE {field} = spelled.old AND {new}"
            )
            connection.execute("DROP TABLE spelled")
    beside = from_here(folder, "", home)
    if name == "personas" and beside != os.curdir:
        connection.execute(
            f"UPDATE personas SET images = list_transform(images, lambda one: struct_pack(path := "
            "CASE WHEN starts_with(one.path, '/') THEN one.path ELSE ? || '/' || one.path END, "
            f'"view" := one."view", split := one.split)) WHERE {new}',
            [beside],
        )


def _whole(row: type[Row], read: dict[str, str], columns: dict[str, str]) -> str:
    """What was read as the types `read`, in those of `columns`, with nothing null that is absent.

    DuckDB writes null for what is absent: see `without_nulls`.
    """
    replaced = []
    for field in fields(row):
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        value, kind = f'"{field.name}"', columns[field.name]
        if read[field.name] != kind:
            value = f"({value} ->> '$')::{kind}"
        if field.name in NEVER_NULL:
            value = (_LABELS if kind == "JSON" else _MAP).format(value)
        if default not in (NODEFAULT, UNSET, None):
            text = quoted(msgspec.json.encode(default).decode())
            value = f"coalesce({value}, {text}::JSON::{kind})"
        if value != f'"{field.name}"':
            replaced.append(f'{value} AS "{field.name}"')
    return ", ".join(replaced)


_LABELS = "CASE WHEN contains({0}::VARCHAR, 'null') THEN json_merge_patch('{{}}', {0}) ELSE {0} END"
_MAP = (  # seven times faster than to filter all
    "CASE WHEN list_count(map_values({0})) < cardinality({0}) THEN "
    "map_from_entries(list_filter(map_entries({0}), lambda one: one.value IS NOT NULL)) "
    "ELSE {0} END"
)


def _rows(columns: dict[str, str]) -> str:
    return (
        "read_json(?, format = 'newline_delimited', records = 'true', "
        f"maximum_object_size = {MAX_LINE_BYTES}, compression = 'none', "
        f"hive_partitioning = false, columns = {columns})"
    )


def _read(connection: Any, source: InputFile, query: str) -> list[tuple[Any, ...]]:
    """What a query over a source gives. Raises `BadData` where DuckDB cannot read a line."""
    import duckdb

    try:
        rows: list[tuple[Any, ...]] = connection.execute(
            query, [glob_escape(str(source.path))]
        ).fetchall()
    except duckdb.Error as error:
        if failure := of_the_machine(error):
            raise failure from error
        _explain(source, str(error).splitlines()[0])
    return rows


def _kinds(connection: Any, source: InputFile) -> dict[str, int]:
    """How many rows of each kind a source has. Raises `BadData` for what is no row."""
    query = f"SELECT kind, count(*), max(schema) FROM {_rows(_HEAD)} GROUP BY kind"
    found = _read(connection, source, query)
    known = {str(row.__struct_config__.tag) for row in ROW_TYPES}
    if any(kind not in known or (schema or 1) > SCHEMA for kind, _, schema in found):
        _explain(source, "a line that is no row")
    return {str(kind): number for kind, number, _ in found}


_HEAD = {"kind": "VARCHAR", "schema": "BIGINT"}


def _explain(source: InputFile, reason: str) -> NoReturn:
    """Read line by line, to name the line that is no row."""
    try:
        for _ in read_rows([source.path], want=ROW_TYPES):
            continue
    except BadData as error:
        message = error.message.replace(str(source.path), source.name)
        raise BadData(message, error.hint) from error
    raise BadData(f"{source.name}: {reason}", "are all of its lines rows of xmm?")
