"""Opening the pictures that rows name, whoever wrote the rows.

A row may name any path, so that a picture is anything until it is looked at: a device without end,
a pipe that never answers, a few bytes that unfold to gigabytes, a program for a printer. What is
decoded here is a regular file, in a format of `FORMATS`, of at most `MOST_PIXELS`.
"""

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from xmm_cli.errors import InputNotFound

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Not EPS and the like, which Pillow hands to another program."""

MOST_PIXELS = 50_000_000
"""A larger picture is refused before it is decoded: 150 MB of colours."""


def read_picture(path: Path) -> "Image":
    """A picture's colours, RGB; of several frames the first.

    Raises:
        InputNotFound: it is missing, no picture, damaged, or too large.
    """
    from PIL import Image

    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputNotFound(f"{path}: the picture cannot be read: it is not a file")
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise InputNotFound(
                    f"{path}: a picture of {image.width} x {image.height} pixels",
                    f"it may have {MOST_PIXELS:,}: make it smaller",
                )
            return image.convert("RGB")
    except FileNotFoundError as error:
        hint = "are the persona rows in the folder they were made in?"
        raise InputNotFound(f"{path}: picture not found", hint) from error
    # Pillow's decoders raise whatever they meet in a damaged file
    except InputNotFound:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise InputNotFound(f"{path}: the picture is too large", "make it smaller") from error
    except Exception as error:
        raise InputNotFound(f"{path}: the picture cannot be read: {error}") from error
