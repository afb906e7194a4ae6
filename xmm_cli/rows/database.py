"""DuckDB connections that neither fill the memory nor leave files where the user works."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xmm_cli.processes import usable_cores

MEMORY_SHARE = 0.5
MOST_MEMORY_BYTES = 8 * 2**30


def limits(folder: Path) -> dict[str, str]:
    """Settings by which a connection takes half of the memory at most and spills into `folder`.

    It has the cores that this process may use; by itself, DuckDB takes all that the machine has.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * MEMORY_SHARE
    return {
        "memory_limit": f"{min(memory, MOST_MEMORY_BYTES) / 2**20:.0f}MiB",
        "temp_directory": str(folder / "spill"),
        "threads": str(usable_cores()),
    }


@contextmanager
def connected(**settings: str) -> Iterator[Any]:
    """A database in memory, with these settings and `limits`."""
    import duckdb

    with (
        TemporaryDirectory(prefix="xmm-sql-") as folder,
        duckdb.connect(config={**limits(Path(folder)), **settings}) as connection,
    ):
        yield connection
