"""SQL over rows: typed by the row definitions, and unable to touch anything else."""

from xmm_cli.reporting.sql.query import Answer, ask, asked
from xmm_cli.reporting.sql.store import check_store, store

__all__ = ["Answer", "ask", "asked", "check_store", "store"]
