"""The reader of pictures: whatever form a picture has, it comes out as it is seen."""

import io
import json
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from tests.contract.conftest import real
from xmm_cli.errors import BadPicture, InputNotFound, SingleColour
from xmm_cli.rows import pictures
from xmm_cli.rows.heic import is_heic
from xmm_cli.rows.pictures import is_one_colour, read_picture

WIDTH, HEIGHT = 40, 24
RAMP = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) / (WIDTH + HEIGHT - 2)
"""Grey from 0 to 1."""
SEEN = np.rint(RAMP * 255)
COLOURS = Image.fromarray(
    np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1).__mul__(255).astype(np.uint8)
)


def deep(top: float, dtype: str) -> Image.Image:
    return Image.fromarray((RAMP * top).astype(dtype))


def saved(picture: Image.Image, path, **more):
    picture.save(path, **more)
    return path


@pytest.mark.parametrize("top", [255, 1023, 4095, 16383, 65535])
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_scaled_by_the_depth_they_are_of(tmp_path, top, ending):
    found = read_picture(saved(deep(top, "uint16"), tmp_path / f"a.{ending}"))
    assert np.abs(np.asarray(found)[..., 0] - SEEN).max() <= 1
    assert found.mode == "RGB"


@pytest.mark.parametrize(
    ("top", "dtype"), [(1, "float32"), (255, "float32"), (1e6, "float32"), (10**6, "int32")]
)
def test_floats_and_long_numbers(tmp_path, top, dtype):
    found = read_picture(saved(deep(top, dtype), tmp_path / "a.tif"))
    assert np.abs(np.asarray(found)[..., 0] - SEEN).max() <= 1


def test_numbers_below_zero_and_none_at_all(tmp_path):
    signed = Image.fromarray((RAMP * 400 - 200).astype("float32"))
    found = np.asarray(read_picture(saved(signed, tmp_path / "a.tif")))[..., 0]
    assert np.abs(found - SEEN).max() <= 1
    holes = RAMP.astype("float32")
    holes[0, :3] = np.nan, np.inf, -np.inf
    found = np.asarray(read_picture(saved(Image.fromarray(holes), tmp_path / "b.tif")))[..., 0]
    assert found[0, :3].tolist() == [0, 0, 0]
    assert np.abs(found - SEEN)[1:].max() <= 1
    nothing = Image.fromarray(np.full((4, 4), np.nan, "float32"))
    with pytest.raises(InputNotFound, match=r"c\.tif: .*finite"):
        read_picture(saved(nothing, tmp_path / "c.tif"))


def test_a_depth_keeps_pictures_comparable(tmp_path):
    """A dark view stays darker than a bright one of the same camera."""
    dark = read_picture(saved(deep(20000, "uint16"), tmp_path / "dark.png"))
    bright = read_picture(saved(deep(60000, "uint16"), tmp_path / "bright.png"))
    assert np.asarray(dark).mean() < 0.5 * np.asarray(bright).mean()


def test_grey_in_which_zero_is_white(tmp_path):
    picture = saved(deep(65535, "uint16"), tmp_path / "a.tif", tiffinfo={262: 0})
    found = np.asarray(read_picture(picture))[..., 0]
    assert np.abs(255.0 - found - SEEN).max() <= 1


def transparent(mode: str) -> Image.Image:
    """Colours whose left half cannot be seen."""
    mask = Image.new("L", COLOURS.size, 0)
    mask.paste(255, (WIDTH // 2, 0, WIDTH, HEIGHT))
    picture = COLOURS.convert("L" if mode == "LA" else "RGB")
    picture.putalpha(mask)
    return picture.convert("RGBA").quantize(32) if mode == "P" else picture


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    found = np.asarray(read_picture(saved(transparent(mode), tmp_path / "a.png")))
    assert (found[:, : WIDTH // 2] == 255).all()
    assert (found[:, WIDTH // 2 :] != 255).any()


@pytest.mark.parametrize(
    ("mode", "ending", "apart"),
    [
        ("RGB", "png", 0),
        ("P", "png", 40),
        ("P", "gif", 40),
        ("CMYK", "jpg", 40),
        ("CMYK", "tif", 3),
        ("YCbCr", "jpg", 40),
        ("RGB", "webp", 60),
        ("RGB", "avif", 60),
        ("RGB", "bmp", 0),
    ],
)
def test_colours_are_those_that_are_seen(tmp_path, mode, ending, apart):
    picture = COLOURS.quantize(256) if mode == "P" else COLOURS.convert(mode)
    found = np.asarray(read_picture(saved(picture, tmp_path / f"a.{ending}"))).astype(int)
    assert np.abs(found - np.asarray(COLOURS).astype(int)).max() <= apart


def test_lab_and_black_and_white(tmp_path):
    lab = Image.merge("LAB", [Image.new("L", (8, 8), value) for value in (255, 128, 128)])
    lab.paste((0, 128, 128), (0, 0, 2, 2))
    assert min(read_picture(saved(lab, tmp_path / "a.tif")).getpixel((3, 3))) > 250
    half = Image.new("1", (8, 8))
    half.paste(1, (0, 0, 4, 8))
    assert read_picture(saved(half, tmp_path / "b.png")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("ending", ["gif", "png", "webp", "tif"])
def test_of_several_frames_the_first(tmp_path, ending):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].putpixel((0, 0), (255, 0, 1))
    path = tmp_path / f"a.{ending}"
    more = {"lossless": True} if ending == "webp" else {}
    saved(frames[0], path, save_all=True, append_images=frames[1:], **more)
    assert read_picture(path).getpixel((5, 5))[0] > 250


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = read_picture(saved(COLOURS, tmp_path / "a.png", exif=exif))
    assert found.size == ((WIDTH, HEIGHT) if orientation < 5 else (HEIGHT, WIDTH))
    assert not found.getexif()


def test_a_picture_of_one_colour_is_warned_of(tmp_path):
    path = saved(Image.new("I;16", (4, 4), 7), tmp_path / "a.png")
    with pytest.warns(SingleColour, match=r"a\.png"):
        assert is_one_colour(read_picture(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_picture(saved(COLOURS, tmp_path / "b.png"))


def heic(path):
    """Colours as a telephone saves them."""
    pytest.importorskip("pillow_heif").from_pillow(COLOURS).save(path, quality=95)
    return path


def test_heic_is_known_by_its_bytes(tmp_path):
    found = read_picture(heic(tmp_path / "a.heic").rename(tmp_path / "a.jpg"))
    assert found.mode == "RGB"
    assert np.abs(np.asarray(found).astype(int) - np.asarray(COLOURS)).mean() < 10


@pytest.mark.parametrize("brand", [b"mif1", b"msf1"])
def test_what_is_common_to_heic_and_avif_is_told_apart_by_the_further_brands(tmp_path, brand):
    content = bytearray(saved(COLOURS, tmp_path / "a.avif").read_bytes())
    assert (content[4:12], b"avif" in content[16:32]) == (b"ftypavif", True)
    content[8:12] = brand
    (tmp_path / "b.avif").write_bytes(content)
    assert not is_heic(tmp_path / "b.avif")
    assert read_picture(tmp_path / "b.avif").size == COLOURS.size
    assert is_heic(io.BytesIO(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic"))


def test_heic_without_its_package_and_too_large(tmp_path, monkeypatch):
    path = heic(tmp_path / "a.heic")
    monkeypatch.setattr(pictures, "MOST_PIXELS", 10)
    with pytest.raises(BadPicture, match=r"a\.heic: a picture of 40 x 24 pixels"):
        read_picture(path)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(BadPicture, match=r"a\.heic: .* pip install 'xmm-cli\[heic\]'"):
        read_picture(path)


def test_a_format_that_is_not_opened_is_said(tmp_path):
    for name in ("a.ppm", "a.ico", "a.jp2"):
        with pytest.raises(BadPicture, match=r"no format that xmm opens \(PNG, JPEG"):
            read_picture(saved(COLOURS, tmp_path / name))


def sources(folder):
    """Pictures of every form, a row each; the last of a single colour."""
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {
        "16.png": (deep(65535, "uint16"), {}),
        "12.tif": (deep(4095, "uint16"), {}),
        "float.tif": (deep(1, "float32"), {}),
        "la.png": (transparent("LA"), {}),
        "p.png": (transparent("P"), {}),
        "cmyk.jpg": (COLOURS.convert("CMYK"), {}),
        "turned.jpg": (COLOURS, {"exif": exif}),
        "bw.png": (COLOURS.convert("1"), {}),
        "one.gif": (COLOURS.quantize(64), {}),
        "flat.png": (Image.new("I;16", (8, 8), 40000), {}),
    }
    for name, (picture, more) in made.items():
        picture.save(folder / name, **more)
    names = [*made, heic(folder / "telephone.heic").name]
    lines = [{"name": "Ann Lee", "picture": name, "split": "train"} for name in names]
    (folder / "people.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return names


@pytest.mark.filterwarnings("ignore::xmm_cli.errors.SingleColour")
def test_an_import_and_own_rows_are_read_alike(tmp_path):
    names = sources(tmp_path)
    got = real("gen-personas", "--from", "jsonl", "people.jsonl", "-o", "out", cwd=tmp_path)
    assert got.code == 0, got.err
    assert "1 pictures show a single colour (first: people.jsonl:10: flat.png)" in got.err
    assert "1 pictures show a single colour" in (tmp_path / "out/README.md").read_text()
    row = json.loads(got.rows[0])
    assert len(row["images"]) == len(names)
    for name, view in zip(names, row["images"], strict=True):
        imported = io.BytesIO((tmp_path / view["path"]).read_bytes())
        with Image.open(imported) as picture:
            assert picture.tobytes() == read_picture(tmp_path / name).tobytes(), name
