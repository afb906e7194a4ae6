"""The JSON Schema of rows: as the structs are, and true of rows that commands write."""

import json

import msgspec
import pytest
from hypothesis import given

from tests.contract.conftest import inside, probe_row
from xmm_cli.completion import schema
from xmm_cli.rows.json_schema import FILE
from xmm_cli.rows.types import ROW_TYPES, ImageView, Row, TextView
from xmm_cli.rows.writer import encode

from .strategies import rows

SCHEMA = json.loads(FILE.read_text("utf-8"))


@pytest.fixture(scope="module")
def probes_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("rows") / "probes.jsonl"
    rows = [probe_row(number, source=one) for one in ("image", "text") for number in range(40)]
    file.write_bytes(b"".join(map(encode, rows)))
    return file


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


def test_it_has_not_drifted():
    assert FILE.read_text("utf-8") == schema.text(), "run: python -m xmm_cli.completion"


def test_every_kind_and_every_field_is_there_and_explained():
    for kind in (*ROW_TYPES, ImageView, TextView):
        properties = SCHEMA["$defs"][kind.__name__]["properties"]
        assert properties.keys() == {
            *(["kind"] if issubclass(kind, Row) else []),
            *(one.name for one in msgspec.structs.fields(kind)),
        }
        assert {name for name in properties if "description" not in properties[name]} <= {"kind"}


def test_it_is_printed_by_help(tmp_path):
    assert inside("help", "rows", "--json", cwd=tmp_path).out == FILE.read_bytes()
    inside("help", "sql", "--json", cwd=tmp_path).failed(2, "--json without the topic rows")


def test_rows_of_commands_are_valid(validator, people_folder, checkpoint, probes_file, tmp_path):
    scores = inside("score", probes_file, "--resamples", 200, cwd=tmp_path).out
    findings = inside("report", probes_file, "--findings", "-f", "jsonl", cwd=tmp_path).out
    texts = [probes_file.read_bytes(), scores, findings, encode(checkpoint)]
    texts.append((people_folder / "personas.jsonl").read_bytes())
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    assert {line["kind"] for line in lines} == {
        *("persona", "checkpoint", "probe", "score", "finding", "run"),
    }
    for line in lines:
        assert not list(validator.iter_errors(line))


@given(row=rows)
def test_any_row_is_valid(validator, row):
    assert not list(validator.iter_errors(json.loads(encode(row))))


WRONG: list[dict[str, object]] = [
    {"kind": "unheard of"},
    {"view": "3"},
    {"view": -1},
    {"source": "sound"},
    {"base": ""},
    {"condition": {"a": []}},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_not(validator, wrong, probes_file):
    row = json.loads(probes_file.read_bytes().splitlines()[0])
    assert not list(validator.iter_errors(row))
    assert list(validator.iter_errors(row | wrong))
    assert list(validator.iter_errors({"kind": "probe"}))
