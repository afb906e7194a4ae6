"""Tables as people save them, through the installed xmm: what is read, and what is said."""

import csv
import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.contract.conftest import Result, real
from tests.personas.importing import sources

HEADER = ["name", "picture", "description", "fact.city"]
PEOPLE = [
    ["Zoë Müller", "1.png", "Größe, blau", "Köln"],
    ["Zoë Müller", "2.png", "Two\nlines", ""],
    ["René Œuvre", "3.png", "“Quoted” – dash", "Nîmes"],
    ["René Œuvre", "4.png", "In red", ""],
]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with the pictures 1.png to 6.png."""
    for number in range(1, 7):
        (tmp_path / f"{number}.png").write_bytes(sources.picture(number))
    return tmp_path


def table(header: list[str] = HEADER, rows: list[list[str]] = PEOPLE, **how: str) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, **how).writerows([header, *rows])
    return file.getvalue()


def imported(format: str, path: Path, *more: object) -> Result:
    out = path.parent / "out"
    return real("gen-personas", "--from", format, path.name, "-o", out, *more, cwd=path.parent)


def saved(folder: Path, data: bytes | str, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def people(result: Result, code: int = 0) -> dict[str, dict]:
    assert result.code == code, result.err
    rows = map(json.loads, result.rows)
    return {row["name"]: row for row in rows if row["kind"] == "persona"}


TITLES = ["NAME", " File Name", "Caption", "Fact.City"]
RENAMED = "the fields NAME, File Name, Caption, Fact.City as name, file_name, caption, fact.city"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (table().encode(), []),
        (table().encode("utf-8-sig"), []),
        (table(TITLES, delimiter=";").encode("cp1252"), ["cp1252", "delimiter ';'", RENAMED]),
        (table(delimiter="\t").encode("utf-16"), ["encoding utf-16, delimiter tab"]),
        (table().encode("utf-16-be"), ["encoding utf-16-be"]),
        (table(delimiter=";").encode("utf-32"), ["encoding utf-32, delimiter ';'"]),
        (("\r\n\n" + table(delimiter="|")).encode(), ["delimiter '|'"]),
        (("sep=;\r\n" + table(delimiter=";")).encode(), ["delimiter ';'"]),
        (("sep=\t\r\n" + table(delimiter="\t")).encode(), ["delimiter tab"]),
        (table(quoting=csv.QUOTE_ALL, lineterminator="\n").encode(), []),
        (table([*HEADER, "", ""], [[*row, "", "", ""] for row in PEOPLE]).encode(), []),
        (table(HEADER, [PEOPLE[0], ["", " ", "", ""], *PEOPLE[1:], [""] * 4]).encode(), []),
    ],
)
def test_a_table_is_read_by_looking_and_said_in_one_line(folder, data, said):
    made = imported("csv", saved(folder, data))
    found = people(made)
    assert list(found) == ["Zoë Müller", "René Œuvre"]
    assert [one["facts"]["city"] for one in found.values()] == ["Köln", "Nîmes"]
    told = [view["text"] for one in found.values() for view in one["texts"]]
    assert sorted(told) == ["Größe, blau", "In red", "Two lines", "“Quoted” – dash"]
    assert all(len(one["images"]) == 2 for one in found.values())
    lines = [line for line in made.err.splitlines() if line.startswith("people.csv: read with")]
    assert len(lines) == bool(said)
    assert all(part in lines[0] for part in said)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_json_lines_of_any_encoding(xmm, folder, encoding, end):
    lines = [dict(zip(HEADER, row, strict=True)) for row in PEOPLE]
    text = end.join(json.dumps(one, ensure_ascii=False) for one in lines)
    saved(folder, text.encode(encoding), "people.jsonl")
    made = xmm("gen-personas", "--from", "jsonl", "people.jsonl", "-o", "out")
    assert list(people(made)) == ["Zoë Müller", "René Œuvre"]
    card = (folder / "out/README.md").read_text()
    assert ("people.jsonl: read with encoding utf-16" in card) == (encoding != "utf-8-sig")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("name,text,text\nAnn,a,b\n", "people.csv:1: two columns are called 'text'; rename"),
        ("name,text,Text\nAnn,a,b\n", "people.csv:2: 'text' and 'Text' are one field; rename"),
        ("Ann,1.png,tall\n", "people.csv:1: no column is called name; the columns are Ann, 1.png"),
        ("", "people.csv:1: no column is called name; the columns are none"),
        ('name,text\nBo,b\nAnn,"a\nCy,c\n', "people.csv:3: unexpected end of data; is a quote"),
        ("000001.jpg 2880\n000002.jpg 2937\n", "no column is called name"),
        ("file,age,gender\ntrain/1.jpg,3-9,Male\n", "the header 'name,picture,description'"),
        ("name,text\nИван Петров,высокий\n".encode("cp1251"), "people.csv:2: not UTF-8 or UTF-16"),
        ("name,text\nРен Ли,x\n".encode("koi8-r"), "not UTF-8 or UTF-16, and not cp1252"),
        ("name,text\nRené Müller,x\n".encode("mac-roman"), "and not cp1252"),
        ("name,text\n山田太郎,背が高い\n".encode("shift-jis"), "iconv -f ENCODING -t UTF-8"),
        ("name,text\n王小明,x\n".encode("gbk"), "and not cp1252"),
        ("name,text\nWałęsa,x\n".encode("cp1250"), "and not cp1252"),
        ("name,text\nJiří Dvořák,x\n".encode("cp1250"), "people.csv:2: not UTF-8 or UTF-16, and"),
        ("name,text\nMuž,x\n".encode("iso8859-2"), "and not cp1252"),
        ("name,text\nIonuţ,x\n".encode("cp1250"), "and not cp1252"),
        ("name,text\n王偉,x\n".encode("big5"), "and not cp1252"),
        ("name,picture\nAnn,https://a.org/1.png\n", "is an address; xmm fetches none: download"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_in_one_line(xmm, folder, data, said):
    saved(folder, data)
    xmm("gen-personas", "--from", "csv", "people.csv", "-o", "out").failed(65, said)
    assert not (folder / "out").exists()


WESTERN = "Žižek;Søren;Høie;Þórður;nýr hýr;élève;più;corações;Tõnu;m²;5¾;nº 3;Œuvre;£5;Åse"


def test_western_words_are_no_other_encoding_and_one_is_shown(folder):
    made = imported("csv", saved(folder, f"name,text\nAnn,{WESTERN}\n".encode("cp1252")))
    assert people(made)["Ann"]["texts"][0]["text"] == WESTERN
    assert "people.csv: read with encoding cp1252 (it has the word 'Žižek')" in made.err


def test_windows_paths(folder):
    (folder / "pics").mkdir()
    (folder / "1.png").rename(folder / "pics/1.png")
    made = imported("csv", saved(folder, "name,picture\nAnn,pics\\1.png\nBo,2.png\n"))
    assert [len(one["images"]) for one in people(made).values()] == [2, 2]


def test_pictures_and_texts_of_a_line_go_by_place(folder):
    """A gap in one list does not move what stands behind it."""
    line = '{"name": "Ann", "images": ["1.png", null, "2.png"], "texts": ["one", NaN, "two"]}\n'
    line += '{"name": "Bo", "images": [null, "3.png", "4.png"], "texts": ["x", "three", "four"]}\n'
    made = imported("jsonl", saved(folder, line, "people.jsonl"), "--lone-view", "train")
    found = people(made)
    assert len(found["Ann"]["images"]) == len(found["Ann"]["texts"]) == 2
    assert len(found["Bo"]["images"]) == 2
    held = [view["text"] for view in found["Bo"]["texts"] if view["split"] == "heldout"]
    seen = [view["path"] for view in found["Bo"]["images"] if view["split"] == "heldout"]
    pixels = {"three": "3.png", "four": "4.png"}
    assert len(held) == len(seen) == 1
    with Image.open(folder / seen[0]) as copy, Image.open(folder / pixels[held[0]]) as original:
        assert copy.tobytes() == original.convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"name": "Ann", "name": "Bo", "text": "x"}', "two fields are called 'name'"),
        ('{"name": "Ann", "Name": "Bo", "text": "x"}', "'name' and 'Name' are one field"),
        ('{"who": "Ann", "text": "x"}', "no name; it has the fields who, text; a line that works:"),
    ],
)
def test_a_field_twice_or_no_name_in_json(xmm, folder, line, said):
    saved(folder, line, "people.jsonl")
    failed = xmm("gen-personas", "--from", "jsonl", "people.jsonl", "-o", "out")
    failed.failed(65, f"people.jsonl:1: {said}")


def test_what_is_no_number_is_no_word(folder):
    """The input of the case json-nan."""
    lines = [
        '{"name":"Ada Brook","picture":"1.png","description":"A tall person in blue."}',
        '{"name":"Ada Brook","picture":"2.png","description":NaN}',
        '{"name":"Bo Crane","picture":"3.png","description":"A short person.","fact.age":Infinity}',
        '{"name":"Bo Crane","picture":"4.png","description":null,"facts":{"city":NaN}}',
        '{"name":NaN,"picture":"5.png","description":"Someone in black."}',
    ]
    made = imported("jsonl", saved(folder, "\n".join(lines), "people.jsonl"))
    found = people(made, code=4)
    assert b"nan" not in made.out.lower()
    assert b"inf" not in made.out.lower()
    assert [(len(one["images"]), one["facts"]) for one in found.values()] == [(2, {}), (2, {})]
    assert {view["text"] for view in found["Ada Brook"]["texts"]} == {"A tall person in blue."}
    assert "dropped 1: a row with no name (first: people.jsonl:5)" in made.err


MISSING = ["", "NA", "nan", "NaN", "NULL", "null", "None", "N/A", "#N/A", "<NA>", "-inf"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_words_for_what_is_missing_are_no_people(folder, format):
    rows = [[word, "1.png", "x", "Oslo"] for word in MISSING]
    rows += [[name, f"{n}.png", "", word] for n, word in ((2, "NA"), (3, "null")) for name in
             ("Null", "Nan Li", "Na")]  # fmt: skip
    made = imported(format, written(folder, format, HEADER, rows))
    found = people(made, code=4)
    assert list(found) == ["Null", "Nan Li", "Na"]
    assert all((one["facts"], one["texts"]) == ({}, []) for one in found.values())
    assert f"dropped {len(MISSING)}: a row with no name (first: people" in made.err
    assert "the word 'NULL', taken as missing (first: people" in made.err
    card = (folder / "out/README.md").read_text()
    assert card.count("  - people") == len(MISSING)


def written(folder: Path, format: str, header: list[str], rows: list[list]) -> Path:
    path = folder / f"people.{format}"
    objects = [dict(zip(header, row, strict=True)) for row in rows]
    if format == "csv":
        return saved(folder, table(header, rows))
    if format == "jsonl":
        return saved(folder, "\n".join(map(json.dumps, objects)), path.name)
    sources.parquet(path, objects)
    return path


def test_parquet_with_gaps_types_and_pictures_in_it(folder):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pictures = [{"bytes": sources.picture(n), "path": f"{n}.png"} for n in range(4)]
    pairs = pa.map_(pa.string(), pa.string())
    columns = {
        "Name": ["Ann", "Ann", None, "Bo"],
        "image": pictures,
        "fact.age": [34.0, None, 1.0, float("nan")],
        "facts": pa.array([[("City", "Oslo")], None, None, None], pairs),
        "attributes": pa.array([{"hair": "red", "eyes": None}, None, None, None]),
        "height": [float("nan")] * 4,
    }
    (folder / "data").mkdir()
    pq.write_table(pa.table(columns), folder / "data/train-00000-of-00001.parquet")
    late = {"Name": ["Ann"], "image": [{"bytes": sources.picture(9), "path": "9.png"}]}
    pq.write_table(pa.table(late), folder / "data/test-00000-of-00001.parquet")
    made = imported("parquet", folder / "data")
    found = people(made, code=4)
    assert found["Ann"]["facts"] == {"city": "Oslo", "age": "34"}
    assert found["Ann"]["attributes"] == {"hair": "red"}
    assert [view["split"] for view in found["Ann"]["images"]] == ["train", "train", "heldout"]
    assert found["Bo"]["facts"] == {}
    assert "height" not in made.err
    twice = pa.Table.from_arrays([pa.array(["A"])] * 2, names=["name", "name"])
    pq.write_table(twice, folder / "twice.parquet")
    imported("parquet", folder / "twice.parquet").failed(65, "two columns are called 'name'")


@pytest.mark.parametrize("format", ["csv", "jsonl", "imagefolder"])
@pytest.mark.parametrize("write", [json.dumps, str], ids=["json", "python"])
def test_facts_as_text_are_read(xmm, folder, format, write):
    """The input of the case facts-as-json-text: as imagefolder in CSV, and more."""
    header = ["name", "file_name", "facts", "attributes"]
    facts = {"city": "Oslo", "none": None, "home": {"zip": 123}, "langs": ["en", "fr"]}
    rows = [
        ["Ada Brook", "1.png", write(facts), write({"hair_color": "red"})],
        ["Ada Brook", "2.png", "", ""],
    ]
    if format == "imagefolder":
        (folder / "metadata.csv").write_text(table(header, rows))
        made = xmm("gen-personas", "--from", format, ".", "-o", "out")
    else:
        path = written(folder, format, header, rows)
        made = xmm("gen-personas", "--from", format, path, "-o", "out")
    found = people(made, code=4 if format == "imagefolder" else 0)["Ada Brook"]
    assert found["facts"] == {"city": "Oslo", "home_zip": "123", "langs": "en, fr"}
    assert found["attributes"] == {"hair_color": "red"}
    assert ("dropped 4: a picture that no row names" in made.err) == (format == "imagefolder")


def test_the_numbers_of_rows_that_r_writes_are_said_once(xmm, folder):
    saved(folder, '"","name","picture","text"\n"1","Ann","1.png",NA\n"2","Ann","2.png","tall"\n')
    made = xmm("gen-personas", "--from", "csv", "people.csv", "-o", "out")
    assert len(people(made)["Ann"]["images"]) == 2
    assert "dropped 2: column 1, which has no name (first: people.csv:2)" in made.err
    assert made.err.count("people.csv:2") == 2


def test_what_of_a_row_cannot_be_read_is_said(folder):
    lines = [
        {"name": "Ann", "pictures": ["1.png", "2.png", None], "captions": ["a", "b"],
         "facts": {"kids": [{"n": 1}], "vip": True, "City": "Oslo", "city": "Rome"}},
        {"name": "Ann", "picture": "3.png", "image": "4.png", "text": {"en": "x"}, "year": 0,
         "facts": "lives in Oslo", "fact.city": "Bonn", "attributes": ["red"]},
    ]  # fmt: skip
    path = saved(folder, "\n".join(map(json.dumps, lines)), "people.jsonl")
    made = imported("jsonl", path)
    found = people(made)["Ann"]
    assert (len(found["images"]), found["facts"]) == (3, {"vip": "true", "city": "Oslo"})
    for what in (
        "'kids' in 'facts', which is no simple value (first: people.jsonl:1)",
        "another value of 'city' in 'facts' (first: people.jsonl:1)",
        "another value of 'city' in facts of the same person (first: people.jsonl:2)",
        "the field 'facts', which is no object: 'lives in Oslo' (first: people.jsonl:2)",
        "the field 'attributes', which is no object",
        "the field 'image', since 'picture' is there too",
        "the field 'text', which cannot be a dict",
        "the field 'year', which means nothing here",
    ):
        assert f"warning: dropped 1: {what}" in made.err
