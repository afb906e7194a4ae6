"""A contact sheet: one person a row, so that one look tells whether the pictures are right."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from xmm_cli.rows.files import atomic_write_bytes
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import Persona

_MOST_ROWS = 24
_MOST_COLUMNS = 12
_LABEL = 14


def write_sheet(personas: Sequence[Persona], folder: Path, path: Path) -> None:
    """A PNG of the first 24 people: training views on the left, held-out ones on the right.

    Raises `CannotWrite`.
    """
    rows = personas[:_MOST_ROWS]
    chosen = [_spread(persona) for persona in rows]
    tiles = [[read_picture(resolve(folder, p)) for p in paths] for paths in chosen]
    side = max((tile.width for row in tiles for tile in row), default=1)
    columns = max((len(row) for row in tiles), default=1)
    sheet = Image.new("RGB", (columns * side, max(1, len(rows)) * (side + _LABEL)), "white")
    pen = ImageDraw.Draw(sheet)
    for y, (persona, row) in enumerate(zip(rows, tiles, strict=True)):
        top = y * (side + _LABEL)
        look = ", ".join(persona.attributes.values())
        pen.text((2, top + 1), f"{persona.id}  {persona.name}  {look}", fill="black")
        for x, tile in enumerate(row):
            sheet.paste(tile, (x * side, top + _LABEL))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    atomic_write_bytes(path, buffer.getvalue())


def _spread(persona: Persona) -> list[str]:
    """Up to twelve views: as many of each split, in order."""
    train = [view.path for view in persona.images if view.split == "train"]
    heldout = [view.path for view in persona.images if view.split == "heldout"]
    right = heldout[: max(_MOST_COLUMNS // 2, _MOST_COLUMNS - len(train))]
    return train[: _MOST_COLUMNS - len(right)] + right
