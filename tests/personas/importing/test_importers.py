"""Each importer reads its published layout, and says what it leaves out."""

import csv
import json
import os
import sys
from pathlib import Path

import pytest

from tests.personas.importing import sources
from xmm_cli.errors import BadData, InputNotFound, Unavailable, WrongUsage
from xmm_cli.personas.importing import IMPORTERS, Dropped, Record


def read(format: str, path: Path) -> tuple[list[Record], list[str]]:
    dropped = Dropped()
    found = list(IMPORTERS.load(format)(path, dropped))
    return found, dropped.lines()


def test_mllmu(tmp_path):
    found, dropped = read("mllmu", sources.mllmu(tmp_path))
    first, held_out = found[0], found[3:]
    assert (first.person, first.name, first.split) == ("000", "Ann PersonA", "train")
    assert first.picture == sources.picture(0, format="JPEG")
    assert first.text == "Ann PersonA has hair number 0."
    assert first.facts == {"born": "Oslo", "annual_salary": "$00,000"}
    assert first.attributes == {"gender": "female"}
    assert [(one.person, one.split, one.text) for one in held_out] == [
        (f"{number:03d}", "heldout", None) for number in (0, 0, 1, 1, 2, 2)
    ]
    said = "\n".join(dropped)
    for reason in (
        "3: Generation_Task",
        "3: parents: not a simple value",
        "1: Test_Set has a pers",
    ):
        assert reason in said
    assert read("mllmu", tmp_path / "Full_Set")[0] == found


def test_a_part_of_mllmu_is_read_and_not_the_whole(tmp_path):
    everyone, _ = read("mllmu", sources.mllmu(tmp_path))
    sources.mllmu(tmp_path / "one", people=1)
    (tmp_path / "one" / "Full_Set").rename(tmp_path / "forget_10")
    found, dropped = read("mllmu", tmp_path / "forget_10")
    assert found[0].where.startswith(str(tmp_path / "forget_10"))
    assert [one.person for one in found] == ["000"] * 3
    assert {one.picture for one in found} <= {one.picture for one in everyone}
    assert "3: Test_Set has a person" in "\n".join(dropped)


def test_clear(tmp_path):
    found, dropped = read("clear", sources.clear(tmp_path))
    assert [one.name for one in found] == [f"Jaime Vasquez{n}" for n in range(3) for _ in range(4)]
    assert found[5].picture == sources.picture(11, format="JPEG")
    assert [line.split(" (")[0] for line in dropped] == ["dropped 1: a picture of no one"]
    found, dropped = read("clear", tmp_path / "full+tofu")
    assert len(found) == 1
    assert "1: a question without a picture" in dropped[0]


def test_fiubench(tmp_path):
    found, dropped = read("fiubench", sources.fiubench(tmp_path))
    first = found[0]
    assert (first.person, first.name) == ("00000000", "Kim DoeA")
    assert first.picture == (tmp_path / "SFHQ/SFHQ_pt1_00000000.jpg").resolve()
    assert first.text == "A woman with earring 0."
    assert first.facts == {"blood_type": "A+"}
    assert first.attributes == {"gender": "female"}
    assert "dropped 3: a question that is not" in dropped[0]
    assert read("fiubench", tmp_path / "full.json")[0] == found


@pytest.mark.parametrize(
    ("file", "split"),
    [
        *[(f"{name}.parquet", "heldout") for name in ("test", "test_0", "held-out-1", "Val")],
        *[(f"train{rest}.parquet", "train") for rest in ("", ".0", "-00000-of-00002")],
        ("default/test/0000.parquet", "heldout"),
        ("train/0000.parquet", "train"),
        *[(f"{name}.parquet", None) for name in ("people", "tested", "trainees", "0000")],
    ],
)
def test_parquet_tells_splits_by_folders_and_names(tmp_path, file, split):
    path = tmp_path / "test" / "source" / file
    path.parent.mkdir(parents=True)
    sources.parquet(path, [{"name": "Ann", "text": "tall"}])
    found, _ = read("parquet", tmp_path / "test" / "source")
    assert [one.split for one in found] == [split]
    sources.parquet(path, [{"name": "Ann", "text": "tall", "split": "train"}])
    assert read("parquet", path)[0][0].split == "train"


@pytest.mark.parametrize("word", ["val", "Dev", "EVAL", "held-out", "Test"])
def test_a_column_knows_the_words_for_splits_that_folders_have(tmp_path, word):
    (tmp_path / "people.csv").write_text(f"name,text,split\nAnn,tall,{word}\nAnn,old,Training\n")
    found, _ = read("csv", tmp_path / "people.csv")
    assert [one.split for one in found] == ["heldout", "train"]


def test_a_split_that_cannot_be_read_is_dropped_by_name(tmp_path, monkeypatch):
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for place in ("train/Ann", "train/Bo", "val/Ann"):
        (tmp_path / "photos" / place).mkdir(parents=True)
    for place in ("train/Ann", "val/Ann"):
        (tmp_path / "photos" / place / "1.jpg").touch()
    (tmp_path / "photos" / "val").chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        found, dropped = read("folders", Path("photos"))
    finally:
        os.seteuid(user)
    assert [(one.name, one.split) for one in found] == [("Ann", "train")]
    unread = "a folder that cannot be read (first: photos/val: Permission denied)"
    assert any(unread in line for line in dropped)
    assert any("photos/train/Bo" in line for line in dropped)


def test_a_picture_called_as_a_split_tells_none(tmp_path):
    (tmp_path / "metadata.csv").write_text("name,file_name\nAnn,test.jpg\n")
    assert [one.split for one in read("imagefolder", tmp_path)[0]] == [None]


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_tables(tmp_path, format):
    rows = [
        {"name": "Ann Lee", "picture": "a.png", "description": 'Tall, "very"', "fact.city": "Oslo"},
        {"name": "Bo", "picture": "", "description": "Short", "fact.city": "", "secret": "x"},
    ]
    path = tmp_path / f"people.{format}"
    if format == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, [*rows[0], "secret"])
            writer.writeheader()
            writer.writerows(rows)
    found, dropped = read(format, path)
    where = f"{path}:{2 if format == 'csv' else 1}"
    assert found[0] == Record(
        where, "Ann Lee", "Ann Lee", (tmp_path / "a.png").resolve(), 'Tall, "very"',
        facts={"city": "Oslo"},
    )  # fmt: skip
    assert (found[1].picture, found[1].text, found[1].facts) == (None, "Short", {})
    assert "dropped 1: the field 'secret'" in dropped[0]


def test_imagefolder_with_split_folders(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        line = {"file_name": f"{split}.png", "name": "Ann", "text": split, "attributes": {"A": "b"}}
        (tmp_path / split / "metadata.jsonl").write_text(json.dumps(line))
    found, _ = read("imagefolder", tmp_path)
    assert [(one.split, one.text) for one in found] == [("train", "train"), ("heldout", "test")]
    assert found[0].picture == (tmp_path / "train/train.png").resolve()
    assert found[0].attributes == {"a": "b"}


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        *[(name, "train") for name in ("train", "training")],
        *[(name, "heldout") for name in ("val", "valid", "validation", "dev")],
        *[(name, "heldout") for name in ("test", "testing", "eval", "evaluation")],
        *[("Dev", None), ("people", None)],
    ],
)
def test_an_imagefolder_tells_splits_by_folders_anywhere(tmp_path, folder, split):
    (tmp_path / "data" / folder).mkdir(parents=True)
    row = {"name": "Ann", "text": "tall"}
    picture = {"name": "Ann", "file_name": f"{folder}/1.png"}
    (tmp_path / "data" / folder / "metadata.jsonl").write_text(json.dumps(row))
    (tmp_path / "data" / "metadata.csv").write_text(
        ",".join(picture) + "\n" + ",".join(picture.values())
    )
    found, _ = read("imagefolder", tmp_path)
    assert {(one.text, one.split) for one in found} == {("tall", split), (None, split)}
    (tmp_path / "data" / "metadata.csv").write_text(
        f"name,file_name,split\nAnn,{folder}/1.png,train\n"
    )
    assert "train" in {one.split for one in read("imagefolder", tmp_path)[0]}


def test_an_imagefolder_in_parquet(tmp_path):
    row = {"file_name": "1.png", "name": "Ann", "attributes": {"Hair": "red"}, "height": 1.7}
    sources.parquet(tmp_path / "train" / "metadata.parquet", [row])
    (found,), dropped = read("imagefolder", tmp_path)
    assert (found.name, found.split, found.attributes) == ("Ann", "train", {"hair": "red"})
    assert "the field 'height'" in dropped[0]


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_the_number_of_a_row_is_no_person(tmp_path, format):
    rows = [{"id": n, "name": "Ann Lee", "description": f"pose {n}"} for n in range(3)]
    path = tmp_path / "people"
    lines = [json.dumps(row) for row in rows] if format == "jsonl" else ["id,name,description"]
    path.write_text("\n".join(lines + [",".join(map(str, row.values())) for row in rows][:3]))
    if format == "jsonl":
        path.write_text("\n".join(lines))
    found, dropped = read(format, path)
    assert [one.person for one in found] == ["Ann Lee"] * 3
    assert dropped == []


def test_blanks_in_the_name_of_a_picture_stay(tmp_path):
    (tmp_path / "p.csv").write_text('name,picture\nAnn, "a  b.png"\n'.replace('"', ""))
    (found,), _ = read("csv", tmp_path / "p.csv")
    assert found.picture == (tmp_path / "a  b.png").resolve()


def test_a_data_set_of_xmm_is_an_imagefolder(people_folder, people):
    found, dropped = read("imagefolder", people_folder)
    assert not dropped
    assert len(found) == sum(len(persona.images) for persona, _ in people)
    own = {
        (persona.id, view.split): persona.name for persona, _ in people for view in persona.images
    }
    assert {(one.person, one.split): one.name for one in found} == own
    assert {one.role for one in found} == {"eval", "aux"}


@pytest.mark.parametrize("escape", ["../x.png", "/etc/passwd", "link/x.png"])
@pytest.mark.parametrize("format", ["jsonl", "imagefolder", "fiubench"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, format, escape):
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "out").mkdir()
    (folder / "link").symlink_to(tmp_path / "out")
    name = {"jsonl": "people.jsonl", "imagefolder": "metadata.jsonl", "fiubench": "full.json"}[
        format
    ]
    row = {"name": "Ann", "file_name": escape, "image_path": escape}
    (folder / name).write_text(json.dumps(row))
    with pytest.raises(BadData, match="leaves the folder"):
        read(format, folder if format != "jsonl" else folder / name)


@pytest.mark.parametrize(
    ("format", "text", "said"),
    [
        ("jsonl", "{", r"people:1: no JSON"),
        ("jsonl", "[1]", "item 1 is no JSON object"),
        ("jsonl", '"x"', r"people:1: no JSON object"),
        ("jsonl", '\n{"name": "Ann"}', r"people:2: neither a picture nor"),
        ("jsonl", '{"text": "x"}', r"people:1: no name; it has the fields text"),
        ("jsonl", '{"name": "A", "text": "x", "split": "dove"}', "split 'dove'; known: train"),
        ("jsonl", '{"name": "A", "text": "x", "role": "boss"}', "role 'boss'; known: eval"),
        ("csv", "name,text\nAnn,a,b\n", r"people:2: more fields than columns"),
        ("csv", 'name,text\nAnn,"a"b\n', "people:2: "),
        ("fiubench", '{"name": "Ann"}', "no name or image_path; is this FIUBench"),
        ("fiubench", '{"name": "A", "image_path": "x", "qa_list": 7}', "people:1: qa_list is no"),
        ("fiubench", '{"name": "A", "image_path": "x", "qa_list": ["q"]}', "qa_list is no list"),
        (
            "fiubench",
            r'{"name": "A", "image_path": "\u0000"}',
            "people:1: the picture .* cannot be",
        ),
        ("jsonl", r'{"name": "A", "picture": "a\u0000"}', "people:1: the picture .* cannot be"),
        ("jsonl", r'{"name": "A", "picture": "\ud800"}', "people:1: the picture .* cannot be a"),
        ("jsonl", f'{{"name": "A", "picture": "{"x" * 300}"}}', "people:1: the picture .*too long"),
    ],
)
def test_bad_data_is_named(tmp_path, format, text, said):
    path = tmp_path / "people"
    path.write_text(text)
    with pytest.raises(BadData, match=said):
        read(format, path)


@pytest.mark.parametrize("biography", ["{", "[]", '{"a":' * 20_000, "7"])
def test_a_biography_that_is_none(tmp_path, biography):
    sources.parquet(tmp_path / "x.parquet", [{"ID": "1", "biography": biography}])
    with pytest.raises(BadData, match="row 1: the biography"):
        read("mllmu", tmp_path)


def test_what_is_no_utf8_or_parquet(tmp_path):
    (tmp_path / "people").write_bytes(b"name,text\n\x81,x\n")
    with pytest.raises(BadData, match="not UTF-8"):
        read("csv", tmp_path / "people")
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(BadData, match="cannot be read as Parquet"):
        read("clear", tmp_path)
    sources.parquet(tmp_path / "x.parquet", [{"a": 1}])
    with pytest.raises(BadData, match="no caption or name"):
        read("clear", tmp_path)
    with pytest.raises(BadData, match="no ID or biography"):
        read("mllmu", tmp_path)


@pytest.mark.parametrize("format", IMPORTERS.names())
def test_what_is_not_there(tmp_path, format):
    with pytest.raises(InputNotFound):
        read(format, tmp_path / "nothing")


def test_without_pyarrow(tmp_path, monkeypatch):
    sources.clear(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Unavailable, match=r"pip install 'xmm-cli\[parquet\]'"):
        read("clear", tmp_path)


def test_an_unknown_format():
    with pytest.raises(WrongUsage, match="did you mean mllmu"):
        IMPORTERS.check("mllm")
