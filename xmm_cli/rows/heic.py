"""HEIC, as telephones save pictures: Pillow opens it with the help of pillow-heif alone.

A file is known by its first bytes (ISO 14496-12, `ftyp`; brands of ISO 23008-12), not by its name.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


class HeicUnreadable(ValueError):
    """A picture in HEIC, and the package that opens such pictures is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "a picture in HEIC, which Pillow cannot open: pip install 'xmm-cli[heic]' "
            "(pillow-heif), or convert it to JPEG"
        )


def is_heic(source: Path | BytesIO) -> bool:
    """Whether a picture is HEIC. Raises `OSError` where the file cannot be read."""
    if isinstance(source, BytesIO):
        start = source.getvalue()[:12]
    else:
        with source.open("rb") as stream:
            start = stream.read(12)
    return start[4:8] == b"ftyp" and start[8:12] in _BRANDS


class Heic:
    """A picture in HEIC whose pixels are not decoded yet."""

    def __init__(self, source: Path | BytesIO) -> None:
        """Raises `HeicUnreadable`, and whatever libheif raises for a damaged file."""
        try:
            from pillow_heif import open_heif
        except ImportError as error:
            raise HeicUnreadable from error
        self._file = open_heif(source)
        self.width, self.height = self._file.size

    def pixels(self) -> "Image":
        """The picture, turned upright by libheif, with 8 bits a colour."""
        image: Image = self._file.to_pillow()
        return image
