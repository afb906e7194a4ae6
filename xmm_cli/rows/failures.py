"""What DuckDB's errors mean where neither rows nor a query are to blame."""

import errno
import os
import tempfile
from pathlib import Path

from xmm_cli.errors import CannotWrite, WorkFailed

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def of_the_machine(error: Exception, path: Path | None = None) -> BaseException | None:
    """An interrupt, too little memory, or a disk that takes no more; None of any other error.

    `path` is what was being written, if not temporary files.
    """
    import duckdb

    if isinstance(error, duckdb.InterruptException):
        return KeyboardInterrupt()
    if isinstance(error, duckdb.OutOfMemoryException):
        hint = f"it spills into {tempfile.gettempdir()}; name a larger folder with TMPDIR"
        return WorkFailed("the rows need more memory, or temporary files, than there is room", hint)
    said = str(error)
    for reason in (os.strerror(code) for code in NO_ROOM):
        if isinstance(error, duckdb.IOException) and reason in said:
            return CannotWrite(f"{path or tempfile.gettempdir()}: {reason}", "make room there")
    return None
