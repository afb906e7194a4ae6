"""Pictures of others, opened with care: decoded, turned upright, without what lies beside them."""

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.rows.pictures import FORMATS, MOST_PIXELS


def opened(record: Record, size: int | None, dropped: Dropped) -> bytes | None:
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
        with warnings.catch_warnings(), Image.open(_stream(source), formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > MOST_PIXELS:
                dropped.add(f"a picture of more than {MOST_PIXELS:,} pixels", record.where)
                return None
            upright = ImageOps.exif_transpose(image)
            pixels = _on_white(upright)
    # Pillow's decoders raise whatever they meet in a damaged file
    except (OSError, ValueError, SyntaxError, RuntimeError, Image.DecompressionBombError):
        dropped.add("the picture cannot be read", record.where)
        return None
    if size is not None:
        pixels = ImageOps.fit(pixels, (size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG")
    return buffer.getvalue()


def _stream(source: Path | bytes) -> Path | io.BytesIO:
    return source if isinstance(source, Path) else io.BytesIO(source)


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        behind = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(behind, image.convert("RGBA")).convert("RGB")
    fresh = Image.new("RGB", image.size)
    fresh.paste(image.convert("RGB"))
    return fresh
