"""HEIC, as telephones save pictures: Pillow opens it with the help of pillow-heif alone.

A file is known by its first box (ISO 14496-12, `ftyp`; brands of ISO 23008-12), not by its name.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_ANY_CODEC = (b"mif1", b"msf1")
"""Brands of all files of this form: the brands after the first say whether it is AVIF, which Pillow
opens."""
_AVIF = (b"avif", b"avis")
_MOST_BYTES = 1024
"""So much is read of a first box."""


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
        start = source.getvalue()[:_MOST_BYTES]
    else:
        with source.open("rb") as stream:
            start = stream.read(_MOST_BYTES)
    if start[4:8] != b"ftyp":
        return False
    box = start[: int.from_bytes(start[:4], "big")]
    brands = [box[at : at + 4] for at in range(16, len(box), 4)]
    return start[8:12] in _BRANDS or (
        start[8:12] in _ANY_CODEC and not any(brand in _AVIF for brand in brands)
    )


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
