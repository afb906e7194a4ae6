"""HEIC, as telephones save pictures: Pillow opens it with the help of pillow-heif alone.

A file is known by its first bytes (ISO 14496-12, `ftyp`; brands of ISO 23008-12), not by its name.
"""

import io
from pathlib import Path

from xmm_cli.rows.pictures import MOST_PIXELS

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

MISSING = (
    "a picture in HEIC, which Pillow cannot open: pip install 'xmm-cli[heic]' (pillow-heif), or "
    "convert it to JPEG"
)


def is_heic(source: Path | bytes) -> bool:
    """Whether a picture is HEIC. False where it cannot be read: opening it says why."""
    if isinstance(source, bytes):
        start = source[:12]
    else:
        try:
            with source.open("rb") as stream:
                start = stream.read(12)
        except OSError:
            return False
    return start[4:8] == b"ftyp" and start[8:12] in _BRANDS


def as_png(source: Path | bytes) -> bytes | None:
    """The picture as PNG, upright; None where it is damaged or too large.

    Pixels are not compressed: whoever asks writes them anew. Raises `ImportError` without the help.
    """
    from pillow_heif import open_heif

    try:
        file = open_heif(source if isinstance(source, Path) else io.BytesIO(source))
        if file.size[0] * file.size[1] > MOST_PIXELS:
            return None
        image = file.to_pillow()
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=0)
    # libheif raises whatever it meets in a damaged file
    except Exception:
        return None
    return buffer.getvalue()
