"""The contact sheet: a row a person, training views left and held-out views right."""

from pathlib import Path

import matplotlib
import msgspec
import pytest
from PIL import Image, ImageChops

from xmm_cli.errors import CannotWrite
from xmm_cli.personas.sheet import write_sheet
from xmm_cli.rows import fonts

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


def named(people, name: str):
    return msgspec.structs.replace(people[0][0], name=name, attributes={}, id="ex-000")


def label_of(sheet, row) -> bytes:
    found = sheet([row])
    return found.crop((0, 0, found.width, LABEL)).tobytes()


@pytest.fixture
def only_the_bundled_font(monkeypatch):
    monkeypatch.setattr(fonts, "_of_the_system", lambda: ())


@pytest.mark.usefixtures("only_the_bundled_font")
def test_letters_with_accents_and_of_other_scripts_are_drawn(sheet, people):
    names = ["Zoe", "Zoë", "Жора", "Νίκος", "محمد", "Ĺžěň", "Nguyễn"]
    labels = {label_of(sheet, named(people, name)) for name in names}
    assert len(labels) == len(names)
    assert label_of(sheet, named(people, "")) not in labels


@pytest.mark.usefixtures("only_the_bundled_font")
@pytest.mark.parametrize("name", ["王小明", "김민수", "山田", "राम", "🧿🫠"])
def test_a_name_that_no_font_can_draw_is_left_out_and_the_id_stays(sheet, people, name):
    found = label_of(sheet, named(people, name))
    assert found == label_of(sheet, named(people, ""))
    assert found != b"\xff" * len(found)


def test_a_font_of_the_system_is_found(sheet, people, monkeypatch):
    """Here a font with letters that DejaVu Sans lacks stands for one with ideographs."""
    fonts_of_matplotlib = sorted(Path(matplotlib.get_data_path()).glob("fonts/ttf/*.ttf"))
    path, letter = next(
        (path, chr(number))
        for path in fonts_of_matplotlib
        for number in sorted(fonts._glyphs(path) - fonts._glyphs(fonts._bundled()))
        if fonts._shows(chr(number))
    )
    monkeypatch.setattr(fonts, "_of_the_system", lambda: (path,))
    assert fonts.font_for(letter * 2) == path
    assert fonts.fonts_for(f"a{letter}王") == ([fonts._bundled(), path], "王")
    assert label_of(sheet, named(people, letter)) != label_of(sheet, named(people, ""))


def test_large_pictures_are_made_smaller_and_do_not_overlap(people, tmp_path):
    Image.new("RGB", (900, 300), "red").save(tmp_path / "wide.png")
    Image.new("RGB", (300, 900), "blue").save(tmp_path / "tall.png")
    views = [
        msgspec.structs.replace(people[0][0].images[0], path=name)
        for name in ("wide.png", "tall.png")
    ]
    rows = [msgspec.structs.replace(named(people, "Ann"), images=tuple(views))] * 2
    write_sheet(rows, tmp_path, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as found:
        assert found.size == (2 * 256, 2 * (256 + LABEL))
        assert found.getpixel((200, 256 + LABEL - 1)) == (255, 255, 255)
        assert found.getpixel((256 + 40, LABEL + 250)) == (0, 0, 255)
