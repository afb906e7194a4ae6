"""`croissant.json`: true of the folder, and taken by the library of those who made the format."""

import json
import logging
from hashlib import sha256

import pytest
from huggingface_hub import DatasetCard

from tests.contract.conftest import inside
from tests.personas.importing import sources
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Persona


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported")
    path = sources.clear(folder / "in")
    done = inside("gen-personas", "--from", "clear", path, "--out", "people", cwd=folder)
    assert done.code == 0, done.err
    return folder / "people"


@pytest.fixture(params=["drawn", "imported"])
def folder(request, people_folder):
    return people_folder if request.param == "drawn" else request.getfixturevalue("imported")


def described(folder):
    return json.loads((folder / "croissant.json").read_text("utf-8"))


def test_files_are_those_of_the_folder(folder):
    found = described(folder)["distribution"]
    for one in found[:2]:
        data = (folder / one["contentUrl"]).read_bytes()
        assert sha256(data).hexdigest() == one["sha256"]
    (pictures,) = found[2:]
    named = {row.path for one in read_rows([folder], want=(Persona,)) for row in one.row.images}
    assert {str(one.relative_to(folder)) for one in folder.glob(pictures["includes"])} == named


def test_fields_are_columns(folder):
    for records in described(folder)["recordSet"]:
        for field in records["field"]:
            source = field["source"]
            line = (folder / source["fileObject"]["@id"]).open().readline()
            assert source["extract"]["column"] in json.loads(line)


def test_a_licence_stands_there_only_where_it_is_known(people_folder, imported):
    assert "publicdomain/zero" in described(people_folder)["license"]
    assert "nobody in it exists" in described(people_folder)["rai:personalSensitiveInformation"]
    unknown = described(imported)
    assert "license" not in unknown
    assert not any("Sensitive" in name or "Collection" in name for name in unknown)


def test_the_card_leads_to_it_and_is_read_by_the_hub(folder):
    card = DatasetCard.load(folder / "README.md")
    assert "(croissant.json)" in card.text
    assert card.data.pretty_name
    assert card.data.license == ("other" if "license" not in described(folder) else "cc0-1.0")


def test_the_library_reads_it_and_its_records(folder, caplog):
    mlcroissant = pytest.importorskip("mlcroissant")
    with caplog.at_level(logging.WARNING):
        data = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    assert not data.metadata.ctx.issues.errors
    assert "not standard" not in caplog.text
    rows = [one.row for one in read_rows([folder], want=(Persona,))]
    persons = list(data.records("persons"))
    assert [one["persons/id"].decode() for one in persons] == [row.id for row in rows]
    views = list(data.records("views"))
    assert [one["views/file_name"].decode() for one in views] == [
        json.loads(line)["file_name"] for line in (folder / "metadata.jsonl").open()
    ]
