"""SQL over rows: typed by the row definitions, and unable to touch anything else."""

from xmm_cli.reporting.sql.query import QueryResult, ask, asked
from xmm_cli.reporting.sql.store import check_store, store

__all__ = ["QueryResult", "ask", "asked", "check_store", "store"]
