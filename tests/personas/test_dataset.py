"""A data set's folder: the same bytes however it was made, and never another's overwritten."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from tests.conftest import read_people
from xmm_cli.errors import CannotWrite, WrongUsage
from xmm_cli.personas import sampling
from xmm_cli.personas.dataset import claim_folder, make_personas, write_tables
from xmm_cli.personas.request import Request

REQUEST = Request(people=3, aux=1, views=3, heldout=2, size=48, seed=1)


def make(folder: Path, request: Request = REQUEST, processes: int = 1) -> bool:
    """Make a data set as `gen-personas` does; whether the folder had been begun before."""
    begun = claim_folder(request, folder)
    rows = list(make_personas(request, folder, run="r1", processes=processes))
    write_tables(rows, request, folder)
    return begun


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@dataclass
class Made:
    folder: Path
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("made") / "people"
    assert not make(folder)
    return Made(folder, files(folder))


def copy(made: Made, to: Path) -> Path:
    return Path(shutil.copytree(made.folder, to / "people"))


def test_the_folder_holds_what_the_contract_says_and_nothing_else(made):
    pictures = {f"images/{id_}/{view:02d}.png" for id_ in ids(made) for view in range(5)}
    tables = {"README.md", "croissant.json", "metadata.jsonl", "personas.jsonl", "request.json"}
    assert set(made.files) == pictures | tables
    assert len(pictures) == 4 * 5


def ids(made: Made) -> list[str]:
    return [persona.id for persona, _ in read_people(made.folder / "personas.jsonl")]


def test_rows_lead_to_pictures_and_number_their_views(made):
    for persona, folder in read_people(made.folder / "personas.jsonl"):
        splits = ["train"] * 3 + ["heldout"] * 2
        assert [(view.view, view.split) for view in persona.images] == list(enumerate(splits))
        assert [(view.view, view.split) for view in persona.texts] == list(enumerate(splits))
        for view in persona.images:
            assert Image.open(folder / view.path).size == (48, 48)
        assert persona.run == "r1"


def test_no_two_views_are_alike(made):
    pictures = [data for name, data in made.files.items() if name.endswith(".png")]
    assert len(set(pictures)) == len(pictures)
    for persona, _ in read_people(made.folder / "personas.jsonl"):
        assert len({view.text for view in persona.texts}) == 5
        assert not any(part in view.text for view in persona.texts for part in persona.name.split())


def test_metadata_is_the_same_views_for_imagefolder(made):
    entries = [json.loads(line) for line in made.files["metadata.jsonl"].splitlines()]
    expected = [
        {
            "file_name": image.path,
            "persona": persona.id,
            "name": persona.name,
            "role": persona.role,
            "view": image.view,
            "split": image.split,
            "text": text.text,
        }
        for persona, _ in read_people(made.folder / "personas.jsonl")
        for image, text in zip(persona.images, persona.texts, strict=True)
    ]
    assert entries == expected
    assert all(entry["file_name"] in made.files for entry in entries)


def test_the_card_and_the_request_say_how_it_was_made(made):
    card = made.files["README.md"].decode()
    assert "\nlicense: cc0-1.0\n" in card
    assert card.startswith("---\n")
    assert "3 people to measure and 1 auxiliary" in card
    assert msgspec.json.decode(made.files["request.json"], type=Request) == REQUEST


def test_two_processes_give_the_same_bytes(made, tmp_path):
    make(tmp_path / "people", processes=2)
    assert files(tmp_path / "people") == made.files


def test_what_was_killed_half_way_is_gone_on_with(made, tmp_path):
    folder = copy(made, tmp_path)
    first, second, *_ = ids(made)
    for name in (
        "personas.jsonl",
        "metadata.jsonl",
        "README.md",
        "croissant.json",
        f"images/{first}/01.png",
    ):
        (folder / name).unlink()
    shutil.rmtree(folder / "images" / second)
    untouched = folder / "images" / ids(made)[2] / "00.png"
    before = untouched.stat().st_mtime_ns
    assert make(folder)
    assert files(folder) == made.files
    assert untouched.stat().st_mtime_ns == before


def test_a_finished_folder_may_be_asked_for_again(made, tmp_path):
    folder = copy(made, tmp_path)
    assert make(folder)
    assert files(folder) == made.files


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 2}, "seed 1, not 2"),
        ({"people": 4}, "people 3, not 4"),
        ({"views": 4, "size": 96}, "views 3, not 4, size 48, not 96"),
        ({"version": "9.9"}, "version"),
    ],
)
def test_another_request_is_refused(made, tmp_path, change, said):
    folder = copy(made, tmp_path)
    with pytest.raises(WrongUsage, match=f"another data set .*{said}.*choose another --out"):
        make(folder, msgspec.structs.replace(REQUEST, **change))
    assert files(folder) == made.files


@pytest.mark.parametrize("text", ["", "{", "[]", '{"people": 3}'])
def test_a_damaged_request_is_refused(made, tmp_path, text):
    folder = copy(made, tmp_path)
    (folder / "request.json").write_text(text)
    with pytest.raises(WrongUsage, match="holds another data set"):
        make(folder)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(WrongUsage, match="not empty and holds no data set"):
        make(tmp_path)
    assert files(tmp_path) == {"thesis.tex": b"mine"}


def test_an_empty_folder_is_used(tmp_path):
    assert not make(tmp_path, Request(people=1, views=1, heldout=0, size=16))
    assert "images/e0-000/00.png" in files(tmp_path)


def test_a_folder_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        make(tmp_path / "file" / "people")


@pytest.mark.parametrize("change", [{"people": 900, "aux": 900}, {"renderer": "oil"}])
def test_an_impossible_request_leaves_nothing_behind(tmp_path, monkeypatch, change):
    monkeypatch.setattr(sampling, "_TRIES", 50)
    with pytest.raises(WrongUsage):
        make(tmp_path / "people", msgspec.structs.replace(REQUEST, **change))
    assert not (tmp_path / "people").exists()


def by_split(folder: Path) -> dict[tuple[str, str, int], tuple[bytes, str]]:
    """Picture and description of each view, by persona, split and number within the split."""
    found = {}
    for persona, place in read_people(folder / "personas.jsonl"):
        for split in ("train", "heldout"):
            pictures = [view for view in persona.images if view.split == split]
            texts = [view for view in persona.texts if view.split == split]
            for number, (image, text) in enumerate(zip(pictures, texts, strict=True)):
                data = (place / image.path).read_bytes()
                found[persona.id, split, number] = (data, text.text)
    return found


def test_more_views_and_people_leave_the_others_as_they_are(made, tmp_path):
    more = msgspec.structs.replace(REQUEST, people=4, views=5, heldout=3)
    make(tmp_path / "people", more)
    before, after = by_split(made.folder), by_split(tmp_path / "people")
    measured = [key for key in before if key[0].startswith("e")]
    assert len(measured) == 3 * 5
    assert {key: after[key] for key in measured} == {key: before[key] for key in measured}


def test_a_folder_with_nothing_but_what_a_kill_left_is_free(tmp_path):
    (tmp_path / ".request.json.00000000.tmp").write_text("{")
    assert claim_folder(Request(people=2), tmp_path) is False
    assert [path.name for path in tmp_path.iterdir()] == ["request.json"]


def test_a_model_in_a_folder_may_be_moved_between_two_runs(tmp_path):
    request = Request(people=2, describe="/here/vlm", describe_weights="0123")
    assert claim_folder(request, tmp_path) is False
    moved = msgspec.structs.replace(request, describe="/there/vlm")
    assert claim_folder(moved, tmp_path) is True
    assert "/there/vlm" in (tmp_path / "request.json").read_text()
    other = msgspec.structs.replace(moved, describe_weights="4567")
    with pytest.raises(WrongUsage, match="describe_weights 0123, not 4567"):
        claim_folder(other, tmp_path)
    named = Request(people=2, describe="org/vlm")
    with pytest.raises(WrongUsage, match="holds another data set"):
        claim_folder(named, tmp_path)
