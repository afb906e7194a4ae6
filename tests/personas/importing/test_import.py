"""From someone's files to a data set that the whole tool takes, and other libraries load."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import read_people
from tests.personas.importing import sources
from xmm_cli.errors import BadData
from xmm_cli.personas.croissant import of_imported
from xmm_cli.personas.data_card import imported_card
from xmm_cli.personas.dataset import claim_folder, write_files
from xmm_cli.personas.importing.imported import ImportRequest, look, read_source, write_people
from xmm_cli.rows.types import Persona


def make(format: str, path: Path, folder: Path, **more) -> tuple[list[Persona], list[str]]:
    source = read_source(format, path)
    request = ImportRequest(format=format, fingerprint=source.fingerprint(), **more)
    found = look(request, source)
    claim_folder(request, folder)
    rows = list(write_people(found, request, folder, run="r"))
    card = imported_card(rows, request, found, path.name)
    write_files(rows, card, of_imported(request, path.name), folder)
    return rows, found.dropped.lines()


@pytest.mark.parametrize("format", ["mllmu", "clear", "fiubench"])
def test_a_published_data_set(tmp_path, format):
    path = getattr(sources, format)(tmp_path / "in")
    rows, _ = make(format, path, tmp_path / "out", people=2, aux=1)
    assert [(row.id, row.role) for row in rows] == [
        ("ex-000", "eval"),
        ("ex-001", "eval"),
        ("ax-000", "aux"),
    ]
    for row in rows:
        assert {view.split for view in row.images} == {"train", "heldout"}
        assert {view.split for view in row.texts} == {"train", "heldout"}
        for view in row.texts:
            assert not any(part in view.text for part in row.name.split())
        for view in row.images:
            with Image.open(tmp_path / "out" / view.path) as image:
                assert image.format == "PNG"
    assert [one for one, _ in read_people(tmp_path / "out" / "personas.jsonl")] == rows


def test_pictures_and_descriptions_are_held_out_together(tmp_path):
    rows, _ = make("clear", sources.clear(tmp_path / "in", pictures=8), tmp_path / "out")
    for row in rows:
        assert [view.split for view in row.images] == [view.split for view in row.texts]
    entries = [json.loads(line) for line in (tmp_path / "out/metadata.jsonl").open()]
    told = {view.text for row in rows for view in row.texts}
    assert {entry["text"] for entry in entries} == told
    by_number = {e["text"].split("window ")[1][0] for e in entries if e["split"] == "heldout"}
    assert by_number < set("01234567")


def test_a_line_whose_picture_is_damaged_is_of_one_split(tmp_path):
    lines = []
    for number in range(8):
        (tmp_path / f"{number}.png").write_bytes(sources.picture(number) if number != 2 else b"")
        lines.append({"name": "Ann", "picture": f"{number}.png", "description": f"pose {number}"})
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for seed in range(6):
        (row,), _ = make("jsonl", tmp_path / "p.jsonl", tmp_path / str(seed), seed=seed)
        shown = {}
        for view in row.images:
            with Image.open(tmp_path / str(seed) / view.path) as image:
                shown[image.getpixel((0, 0))] = view.split
        said = {int(view.text[-1]): view.split for view in row.texts}
        assert len(shown) == 7
        assert len(said) == 8
        for number in set(range(8)) - {2}:
            with Image.open(io.BytesIO(sources.picture(number))) as image:
                assert shown[image.getpixel((0, 0))] == said[number]


def test_auxiliary_people_are_taken_from_the_end(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("name,description\n" + "".join(f"Ann {c},tall {c}\n" for c in "ABCDE"))
    for people, aux, found in (
        (None, 2, (3, 2)),
        (None, 9, (1, 4)),
        (4, 2, (4, 1)),
        (2, 0, (2, 0)),
    ):
        rows, _ = make("csv", path, tmp_path / f"{people}-{aux}", people=people, aux=aux)
        assert tuple(sum(row.role == role for row in rows) for role in ("eval", "aux")) == found


def fingerprint(format: str, path: Path) -> str:
    return read_source(format, path).fingerprint()


def test_a_fingerprint_is_of_what_is_imported(tmp_path):
    path, picture = tmp_path / "people.txt", tmp_path / "a.png"
    picture.write_bytes(sources.picture(1))
    path.write_text('{"name": "Ann", "picture": "a.png", "description": "tall"}')
    marks = [fingerprint("jsonl", path)]
    other = sources.picture(2)[: picture.stat().st_size].ljust(picture.stat().st_size, b"\0")
    picture.write_bytes(other)
    marks.append(fingerprint("jsonl", path))
    picture.unlink()
    marks.append(fingerprint("jsonl", path))
    path.write_text('{"name": "Ann", "picture": "a.png", "description": "wide"}')
    marks.append(fingerprint("jsonl", path))
    assert len(set(marks)) == 4
    (tmp_path / "notes.csv").write_text("beside it")
    assert fingerprint("jsonl", path) == marks[-1]


def test_the_same_source_gives_the_same_bytes(tmp_path):
    path = sources.clear(tmp_path / "in")
    for name in ("one", "two"):
        make("clear", path, tmp_path / name)
    files = [
        {str(file.relative_to(tmp_path / name)): file.read_bytes() for file in sorted(
            (tmp_path / name).rglob("*")) if file.is_file()}
        for name in ("one", "two")
    ]  # fmt: skip
    assert files[0] == files[1]
    assert "README.md" in files[0]


def picture_with_a_place(path: Path) -> None:
    image = Image.new("RGB", (6, 4), "red")
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "my phone"
    image.save(path, "JPEG", exif=exif)


def test_only_pixels_are_kept_and_stand_upright(tmp_path):
    picture_with_a_place(tmp_path / "a.jpg")
    (tmp_path / "people.jsonl").write_text('{"name": "Ann", "picture": "a.jpg"}')
    rows, _ = make("jsonl", tmp_path / "people.jsonl", tmp_path / "out")
    data = (tmp_path / "out" / rows[0].images[0].path).read_bytes()
    assert b"my phone" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (4, 6)
        assert not image.getexif()
    rows, _ = make("jsonl", tmp_path / "people.jsonl", tmp_path / "small", size=16)
    with Image.open(tmp_path / "small" / rows[0].images[0].path) as image:
        assert image.size == (16, 16)


def test_what_is_dropped_is_said(tmp_path):
    (tmp_path / "a.png").write_bytes(sources.picture(1))
    (tmp_path / "same.png").write_bytes(sources.picture(1))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    lines = [
        {"name": "Ann", "picture": "a.png", "description": "Ann is tall"},
        {"name": "Ann", "picture": "same.png", "description": "Ann is tall"},
        {"name": "Bo", "picture": "bad.png"},
        {"name": "Cy", "picture": "gone.png"},
        {"name": "Di", "description": "Small"},
    ]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    rows, dropped = make("jsonl", tmp_path / "p.jsonl", tmp_path / "out", people=3)
    assert [row.name for row in rows] == ["Ann"]
    told = "\n".join(dropped)
    for reason in (
        "1: people beyond those asked for",
        "1: the same picture of the same person again",
        "1: the same description of the same person again",
        "1: the picture cannot be read",
        "1: the picture is missing",
        "2: a person without a usable picture",
    ):
        assert f"dropped {reason}" in told
    card = (tmp_path / "out/README.md").read_text()
    assert all(f"\n- {line}\n" in card for line in dropped)


def test_no_one_is_left(tmp_path):
    (tmp_path / "p.jsonl").write_text("")
    with pytest.raises(BadData, match="no one to import"):
        make("jsonl", tmp_path / "p.jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_libraries_load_it(tmp_path, people_folder, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets = pytest.importorskip("datasets")
    pandas = pytest.importorskip("pandas")
    sources.clear(tmp_path / "in")
    make("clear", tmp_path / "in", tmp_path / "out")
    for folder in (people_folder, tmp_path / "out"):
        people = read_people(folder / "personas.jsonl")
        loaded = datasets.load_dataset(
            "imagefolder", data_dir=str(folder), split="train", cache_dir=str(tmp_path / "cache")
        )
        pictures = [view for persona, _ in people for view in persona.images]
        assert len(loaded) == len(pictures)
        assert {"image", "persona", "name", "role", "view", "split", "text"} <= set(loaded.features)
        one = loaded[0]
        with Image.open(folder / "images" / one["persona"] / f"{one['view']:02d}.png") as image:
            assert one["image"].size == image.size
            assert one["image"].convert("RGB").tobytes() == image.convert("RGB").tobytes()
        frame = pandas.read_json(folder / "personas.jsonl", lines=True)
        assert list(frame["name"]) == [persona.name for persona, _ in people]
        assert frame["images"][0][0]["path"] == people[0][0].images[0].path
