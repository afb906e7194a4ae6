"""Pictures of others, opened with care: decoded, cut to size, without what lies beside them."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.notes import Notes
from xmm_cli.rows.heic import HeicUnreadable
from xmm_cli.rows.pictures import (
    MOST_PIXELS,
    TooManyPixels,
    UnknownFormat,
    decode,
    is_one_colour,
)


def opened(record: Record, size: int | None, dropped: Dropped, notes: Notes) -> bytes | None:
    """The record's picture as PNG, `size` x `size` pixels or as large as it is; None if it fails.

    A square is cut from the middle. Nothing but pixels is kept: no place, time or device.
    """
    source = record.picture
    if source is None:
        return None
    if isinstance(source, Path) and not source.is_file():
        dropped.add("the picture is missing", record.where)
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = decode(source if isinstance(source, Path) else io.BytesIO(source))
    except TooManyPixels:
        dropped.add(f"a picture of more than {MOST_PIXELS:,} pixels", record.where)
        return None
    except HeicUnreadable as error:
        dropped.add(str(error), record.where)
        return None
    except UnknownFormat as error:
        dropped.add(f"the picture cannot be read: {error}", record.where)
        return None
    # decoders raise whatever they meet in a damaged file
    except Exception:
        dropped.add("the picture cannot be read", record.where)
        return None
    if size is not None:
        pixels = ImageOps.fit(pixels, (size, size), Image.Resampling.LANCZOS)
    if is_one_colour(pixels):
        notes.add("pictures show a single colour", record.where)
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    return buffer.getvalue()
