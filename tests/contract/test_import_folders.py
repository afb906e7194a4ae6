"""Pictures as people keep them, through the installed xmm: a folder a person, or no names."""

import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.contract.conftest import Result, real
from tests.personas.importing.sources import picture


def put(folder: Path, *names: str) -> None:
    """Pictures, no two alike."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number + sum(name.encode())))


def people(result: Result, code: int = 0) -> dict[str, list[str]]:
    """Each name, and the splits of its pictures."""
    assert result.code == code, result.err
    rows = [row for row in map(json.loads, result.rows) if row["kind"] == "persona"]
    return {row["name"]: [view["split"] for view in row["images"]] for row in rows}


def test_a_folder_a_person_is_a_data_set(xmm, tmp_path):
    put(tmp_path, *(f"photos/{name}/{n}.jpg" for name in ("Ann Lee", "Bo_Ray") for n in range(4)))
    put(tmp_path, "photos/Ann Lee/deeper/x.PNG")
    made = xmm("gen-personas", "--from", "folders", "photos", "-o", "people", "--size", 96)
    assert people(made) == {
        "Ann Lee": ["train"] * 4 + ["heldout"],
        "Bo_Ray": ["train"] * 3 + ["heldout"],
    }
    pictures = [json.loads(line) for line in (tmp_path / "people/metadata.jsonl").open()]
    assert len(pictures) == 9
    for entry in pictures:
        with Image.open(tmp_path / "people" / entry["file_name"]) as image:
            assert image.size == (96, 96)


@pytest.mark.parametrize("splits", [("train", "heldout"), ("Train", "Test"), ("training", "val")])
def test_a_level_of_splits(xmm, tmp_path, splits):
    names = [f"lfw/{split}/Aaron_Eckhart/{n}.jpg" for split in splits for n in range(2)]
    put(tmp_path, *names, *(name.replace("Aaron", "Zoë") for name in names))
    made = xmm("gen-personas", "--from", "folders", "lfw", "-o", "people")
    kinds = ["train", "train", "heldout", "heldout"]
    assert people(made) == {"Aaron_Eckhart": kinds, "Zoë_Eckhart": kinds}


def test_blanks_in_a_folders_name_are_single(xmm, tmp_path):
    put(tmp_path, "photos/Ann  Lee/1.jpg", "photos/Ann  Lee/2.jpg")
    made = xmm("gen-personas", "--from", "folders", "photos", "-o", "people")
    assert people(made) == {"Ann Lee": ["train", "heldout"]}


def test_every_file_that_is_dropped_is_named(tmp_path):
    photos = tmp_path / "photos"
    put(photos, "Ann Lee/1.jpg", "Ann Lee/2.jpg", "Bo/1.jpg", "Bo/2.jpg", "stray.jpg", "2020/1.jpg")
    put(tmp_path, "elsewhere/1.jpg")
    (photos / "Ann Lee/same.jpg").write_bytes((photos / "Ann Lee/1.jpg").read_bytes())
    for name in (".DS_Store", "Ann Lee/Thumbs.db", "Ann Lee/._1.jpg", "Bo/desktop.ini"):
        (photos / name).write_bytes(b"left by a system")
    bad = [f"Bo/bad{number}.jpg" for number in range(5)]
    for name in bad:
        (photos / name).write_bytes(b"no picture")
    (photos / "Bo/empty.png").touch()
    (photos / "Bo/notes.txt").write_text("x")
    (photos / "Bo/clip.mov").write_text("x")
    (photos / "Ann Lee/new\nline.png").write_text("x")
    (photos / "Ann Lee/link.jpg").symlink_to("../../elsewhere/1.jpg")
    (photos / "Cy").symlink_to(photos)
    (photos / "Di").mkdir()
    os.mkfifo(photos / "Bo/pipe.jpg")
    made = real("gen-personas", "--from", "folders", "photos", "-o", "people", cwd=tmp_path)
    assert people(made, code=4) == {"Ann Lee": ["train", "heldout"], "Bo": ["train", "heldout"]}
    for line in (
        "warning: dropped 7: the picture cannot be read: it is in no format that xmm opens (PNG, "
        "JPEG, WEBP, AVIF, GIF, BMP, TIFF, HEIC) (first: photos/Ann Lee/new\\nline.png, "
        "photos/Bo/bad0.jpg, photos/Bo/bad1.jpg)",
        "xmm gen-personas: photos: 16 files, rows or people left out, the rest is written; "
        "people/README.md names each",
    ):
        assert line in made.err.splitlines()
    card = (tmp_path / "people/README.md").read_text()
    for name in (*bad, "Bo/empty.png", "Bo/notes.txt", "Bo/clip.mov", "Ann Lee/new\\nline.png",
                 "Ann Lee/link.jpg", "Ann Lee/same.jpg", "Cy", "Di", "Bo/pipe.jpg", "stray.jpg",
                 "2020/1.jpg"):  # fmt: skip
        assert f"photos/{name}" in card, name
    for name in ("DS_Store", "Thumbs", "._1", "desktop"):
        assert name not in card + made.err


@pytest.mark.parametrize(
    ("format", "code", "mend"),
    [
        ("folders", 65, 'photos/Ann Lee/1.jpg, or use --from jsonl, with a line that works: {"na'),
        ("imagefolder", 66, 'write photos/metadata.jsonl, with a line that works: {"name": "Ann'),
        ("csv", 66, "--from folders and imagefolder read those"),
    ],
)
def test_a_bare_folder_shows_a_row_that_works(xmm, tmp_path, format, code, mend):
    put(tmp_path, "photos/IMG_1.jpg", "photos/IMG_2.jpg")
    failed = xmm("gen-personas", "--from", format, "photos", "-o", "people")
    failed.failed(code, mend)
    if format != "csv":
        row = failed.err[failed.err.index("{") : failed.err.index("}") + 1]
        path = tmp_path / ("photos/metadata.jsonl" if format == "imagefolder" else "photos/p.jsonl")
        path.write_text(row + "\n" + row.replace("IMG_1", "IMG_2"))
        source = ("jsonl", path) if format == "folders" else (format, "photos")
        made = xmm("gen-personas", "--from", *source, "-o", "people")
        assert people(made) == {"Ann Lee": ["train", "heldout"]}


@pytest.mark.parametrize(
    ("format", "files", "code", "said"),
    [
        ("imagefolder", ["Ann Lee/1.jpg"], 66, "takes photos/Ann Lee/1.jpg as a picture of Ann L"),
        ("folders", ["0045/1.jpg"], 65, "none of the 1 pictures is in a folder with a person's"),
        ("folders", ["Ann/notes.txt"], 65, "no picture is in a folder with a person's name"),
        ("folders", ["stars/Ann/1.jpg", "stars/Bo/1.jpg"], 65, "--from folders photos/stars"),
        (
            "folders",
            ["train/Ann/1.jpg", "unseen/Ann/2.jpg"],
            65,
            "if unseen is no person but a spl",
        ),
    ],
)
def test_what_a_folder_cannot_mean(xmm, tmp_path, format, files, code, said):
    put(tmp_path / "photos", *files)
    xmm("gen-personas", "--from", format, "photos", "-o", "people").failed(code, said)
    assert not (tmp_path / "people").exists()


def test_pictures_that_no_row_names(xmm, tmp_path):
    put(tmp_path / "photos", *(f"{n}.jpg" for n in range(6)))
    (tmp_path / "photos/metadata.csv").write_text(
        "file_name,name\n0.jpg,Ann\n1.jpg,Ann\n9.jpg,Bo\n"
    )
    made = xmm("gen-personas", "--from", "imagefolder", "photos", "-o", "people")
    assert people(made, code=4) == {"Ann": ["train", "heldout"]}
    assert "dropped 4: a picture that no row names (first: photos/2.jpg, photos/3.jpg" in made.err
    assert "the picture is missing (first: photos/metadata.csv:4: 9.jpg)" in made.err
    assert "photos/5.jpg" in (tmp_path / "people/README.md").read_text()


def heic(path: Path, number: int) -> None:
    """The first bytes of a HEIC file, and nothing that can be decoded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes([number]) * 50)


def test_heic_without_its_package_is_named_with_the_mend(xmm, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    put(tmp_path, "photos/Ann/1.jpg", "photos/Ann/2.jpg")
    heic(tmp_path / "photos/Ann/3.HEIC", 1)
    heic(tmp_path / "photos/Ann/called.jpg", 2)
    made = xmm("gen-personas", "--from", "folders", "photos", "-o", "people")
    assert people(made, code=4) == {"Ann": ["train", "heldout"]}
    (line,) = [line for line in made.err.splitlines() if "HEIC" in line]
    assert line.startswith("warning: dropped 2: a picture in HEIC")
    assert "pip install 'xmm-cli[heic]' (pillow-heif), or convert it to JPEG" in line
    assert "photos/Ann/3.HEIC, photos/Ann/called.jpg" in line


def test_heic_with_its_package(xmm, tmp_path):
    package = pytest.importorskip("pillow_heif")
    put(tmp_path, "photos/Ann/1.jpg")
    heic(tmp_path / "photos/Ann/damaged.heic", 3)
    image = Image.new("RGB", (40, 20), "red")
    package.from_pillow(image).save(tmp_path / "photos/Ann/2.heic")
    made = xmm("gen-personas", "--from", "folders", "photos", "-o", "people")
    assert people(made, code=4) == {"Ann": ["train", "heldout"]}
    assert "dropped 1: the picture cannot be read (first: photos/Ann/damaged.heic)" in made.err
    sizes = {Image.open(path).size for path in (tmp_path / "people/images").rglob("*.png")}
    assert (40, 20) in sizes
