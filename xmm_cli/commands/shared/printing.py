"""Text on stdout, to a reader that may leave."""

from collections.abc import Iterable
from itertools import chain

from xmm_cli.encoding import encodable
from xmm_cli.streams import text_out

_AT_ONCE = 1 << 16
"""Letters written at once."""


def print_pieces(pieces: Iterable[str], format: str) -> None:
    """Write pieces that end in newlines to a reader that may leave.

    A table is for the eye, and in the letters that stdout has; all else is data, and UTF-8.
    """
    from xmm_cli.rows.writer import RowWriter

    out = text_out()
    encoding = out.encoding if format == "table" and out is not None else "utf-8"
    writer = RowWriter()
    waiting, size = [], 0
    for piece in chain(pieces, [""]):
        waiting.append(encodable(piece, encoding).encode(encoding))
        size += len(piece)
        if size > _AT_ONCE or (size and not piece):
            writer.write_raw(b"".join(waiting))
            waiting, size = [], 0
