"""The contact sheet: a row a person, training views left and held-out views right."""

import msgspec
import pytest
from PIL import Image, ImageChops

from xmm_cli.errors import CannotWrite
from xmm_cli.personas.sheet import write_sheet

SIDE, LABEL = 96, 14


@pytest.fixture
def sheet(people, people_folder, tmp_path):
    def write(rows) -> Image.Image:
        path = tmp_path / "sheet.png"
        write_sheet(rows, people_folder, path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["sheet.png"]
        return Image.open(path)

    return write


def test_every_picture_is_in_its_place(sheet, people, people_folder):
    rows = [persona for persona, _ in people]
    found = sheet(rows)
    assert (found.format, found.size) == ("PNG", (5 * SIDE, len(rows) * (SIDE + LABEL)))
    for y, persona in enumerate(rows):
        for x, view in enumerate(persona.images):
            corner = (x * SIDE, y * (SIDE + LABEL) + LABEL)
            tile = found.crop((*corner, corner[0] + SIDE, corner[1] + SIDE))
            drawn = Image.open(people_folder / view.path)
            assert ImageChops.difference(tile, drawn).getbbox() is None


def with_views(persona, train: int, heldout: int):
    """The row with its pictures repeated."""
    kinds = ["train"] * train + ["heldout"] * heldout
    images = [msgspec.structs.replace(persona.images[0], split=kind) for kind in kinds]
    return msgspec.structs.replace(persona, images=tuple(images))


@pytest.mark.parametrize(
    ("train", "heldout", "columns"), [(1, 0, 1), (16, 8, 12), (2, 30, 12), (30, 2, 12), (30, 0, 12)]
)
def test_twelve_views_at_the_most(sheet, people, train, heldout, columns):
    row = with_views(people[0][0], train, heldout)
    assert sheet([row]).size == (columns * SIDE, SIDE + LABEL)


def test_twenty_four_people_at_the_most(sheet, people):
    row = with_views(people[0][0], 1, 1)
    assert sheet([row] * 30).size == (2 * SIDE, 24 * (SIDE + LABEL))


def test_a_sheet_that_cannot_be_written(people, people_folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        write_sheet([people[0][0]], people_folder, tmp_path / "file" / "sheet.png")
