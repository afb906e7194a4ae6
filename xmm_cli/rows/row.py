"""What the rows of all kinds have."""

from msgspec import Struct

from xmm_cli.rows.values import Positive

SCHEMA = 1
"""The newest version of every row type; a row with a higher one is refused."""


class Row(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every row has."""

    schema: Positive = SCHEMA
    """The version of the row's kind."""
    run: str | None = None
    """The id of the `run` row that has the rest of the provenance."""
