"""A contact sheet: one person a row, so that one look tells whether the pictures are right."""

import io
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from xmm_cli.errors import SingleColour
from xmm_cli.rows.files import atomic_write_bytes
from xmm_cli.rows.fonts import runs
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import Persona

_MOST_ROWS = 24
_MOST_COLUMNS = 12
_WIDEST_PX = 256
_LABEL_PX = 14
_LETTERS_PX = 10
_GAP_PX = 6


def write_sheet(personas: Sequence[Persona], folder: Path, path: Path) -> None:
    """A PNG of the first 24 people: training views on the left, held-out ones on the right.

    A label has the id, the name and the look, without those that no font at hand can draw.
    Pictures are made smaller until they fit into 256 x 256 pixels. Raises `CannotWrite`.
    """
    rows = personas[:_MOST_ROWS]
    tiles = [[_tile(resolve(folder, view)) for view in _spread(persona)] for persona in rows]
    side = max((max(tile.size) for row in tiles for tile in row), default=1)
    columns = max((len(row) for row in tiles), default=1)
    sheet = Image.new("RGB", (columns * side, max(1, len(rows)) * (side + _LABEL_PX)), "white")
    pen = ImageDraw.Draw(sheet)
    for y, (persona, row) in enumerate(zip(rows, tiles, strict=True)):
        top = y * (side + _LABEL_PX)
        _label(pen, top, persona)
        for x, tile in enumerate(row):
            sheet.paste(tile, (x * side, top + _LABEL_PX))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    atomic_write_bytes(path, buffer.getvalue())


def _tile(path: Path) -> Image.Image:
    with warnings.catch_warnings():  # a sheet shows it
        warnings.simplefilter("ignore", SingleColour)
        picture = read_picture(path)
    picture.thumbnail((_WIDEST_PX, _WIDEST_PX))
    return picture


def _label(pen: ImageDraw.ImageDraw, top: int, persona: Persona) -> None:
    x = 2.0
    for part, path in runs((persona.id, persona.name, ", ".join(persona.attributes.values()))):
        pen.text((x, top + _LABEL_PX - 3), part, fill="black", font=_font(path), anchor="ls")
        x += pen.textlength(part, font=_font(path)) + _GAP_PX


@cache
def _font(path: Path) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, _LETTERS_PX)


def _spread(persona: Persona) -> list[str]:
    """Up to twelve views: as many of each split, in order."""
    train = [view.path for view in persona.images if view.split == "train"]
    heldout = [view.path for view in persona.images if view.split == "heldout"]
    right = heldout[: max(_MOST_COLUMNS // 2, _MOST_COLUMNS - len(train))]
    return train[: _MOST_COLUMNS - len(right)] + right
