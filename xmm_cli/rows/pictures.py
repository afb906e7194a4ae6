"""The one reader of pictures: of rows, of imports, for models, cards and sheets.

A row may name any path, so that a picture is anything until it is looked at: a device without end,
a pipe that never answers, a few bytes that unfold to gigabytes, a program for a printer. What is
decoded here is a regular file, in a format of `FORMATS`, of at most `MOST_PIXELS`. It comes out as
it is seen: turned upright, on white where it is transparent, with 8 bits a colour.
"""

import stat
import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmm_cli.errors import BadPicture, InputNotFound, SingleColour
from xmm_cli.rows.heic import Heic, is_heic

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
"""Beside HEIC. Not EPS and the like, which Pillow hands to another program."""

MOST_PIXELS = 50_000_000
"""A larger picture is refused before it is decoded: 150 MB of colours."""

_DEPTHS = (8, 10, 12, 14, 16)
"""Bits in which cameras and scanners write grey, whatever the file has room for."""

_PHOTOMETRIC = 262
"""The tag by which TIFF says whether 0 is black (1) or white (0): TIFF 6.0, section 8."""


class TooManyPixels(ValueError):
    """A picture of more than `MOST_PIXELS`; its message has the size."""


class UnknownFormat(ValueError):
    """A file in none of `FORMATS`."""

    def __init__(self) -> None:
        super().__init__(f"it is in no format that xmm opens ({', '.join(FORMATS)}, HEIC)")


def read_picture(path: Path) -> "Image":
    """A picture's colours, RGB; of several frames the first.

    Warns with `SingleColour` where all pixels are alike.

    Raises:
        InputNotFound: it is missing, or no file.
        BadPicture: it is no picture, damaged, or too large.
    """
    from PIL import Image

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputNotFound(f"{path}: the picture cannot be read: it is not a file")
        picture = decode(path)
    except FileNotFoundError as error:
        hint = "are the persona rows in the folder they were made in?"
        raise InputNotFound(f"{path}: picture not found", hint) from error
    except InputNotFound:
        raise
    except TooManyPixels as error:
        hint = f"it may have {MOST_PIXELS:,}: make it smaller"
        raise BadPicture(f"{path}: a picture of {error} pixels", hint) from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise BadPicture(f"{path}: the picture is too large", "make it smaller") from error
    # Pillow's decoders raise whatever they meet in a damaged file
    except Exception as error:
        raise BadPicture(f"{path}: the picture cannot be read: {error}") from error
    if is_one_colour(picture):
        warnings.warn(str(path), SingleColour, stacklevel=2)
    return picture


def decode(source: Path | BytesIO) -> "Image":
    """The first frame as RGB, without anything but its pixels.

    Raises `TooManyPixels`, `UnknownFormat`, `HeicUnreadable`, and whatever Pillow raises for a
    damaged file.
    """
    from PIL import Image, UnidentifiedImageError

    if is_heic(source):
        heic = Heic(source)
        _check_size(heic.width, heic.height)
        return _rgb(heic.pixels(), white_is_zero=False)
    try:
        image = Image.open(source, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnknownFormat from error
    with image:
        _check_size(image.width, image.height)
        tags: Any = getattr(image, "tag_v2", {})
        return _rgb(_upright(image), white_is_zero=tags.get(_PHOTOMETRIC) == 0)


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise TooManyPixels(f"{width} x {height}")


def is_one_colour(picture: "Image") -> bool:
    """Whether all pixels of an RGB picture are alike."""
    bands: Any = picture.getextrema()
    return all(low == high for low, high in bands)


def _upright(image: "Image") -> "Image":
    from PIL import ImageOps

    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged notes beside a picture that is not
        return image


def _rgb(image: "Image", *, white_is_zero: bool) -> "Image":
    from PIL import Image

    if image.mode[0] in "IF":
        image = _eight_bits(image, white_is_zero and image.mode != "F")
    elif image.has_transparency_data:
        behind = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(behind, image.convert("RGBA"))
    elif image.mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, *profiles, outputMode="RGB") or image
    fresh = Image.new("RGB", image.size)
    fresh.paste(image.convert("RGB"))
    return fresh


def _eight_bits(image: "Image", inverted: bool) -> "Image":
    """Deep grey (16 or 32 bits, or floats) as 8 bits, by the range that its numbers are of.

    From 0 to: 1, where floats are no larger; 255, 1023, 4095, 16383 or 65535, the first that the
    largest number does not exceed; else that number. Where there are negative ones, from the
    smallest to the largest. What is not finite is black.
    """
    import numpy as np
    from PIL import Image

    values = np.asarray(image, dtype=np.float32).copy()
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("none of its numbers is finite")
    low, high = float(values[finite].min()), float(values[finite].max())
    start = min(low, 0.0)
    values[~finite] = start
    scaled = (values - start) * (255.0 / ((_top(image, low, high) - start) or 1.0))
    grey = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return Image.fromarray(255 - grey if inverted else grey)


def _top(image: "Image", low: float, high: float) -> float:
    """The number that is white."""
    if low < 0:
        return high
    if image.mode == "F" and high <= 1:
        return 1.0
    return next((2.0**bits - 1 for bits in _DEPTHS if high < 2**bits), high)
