"""`import xmm_cli`: the commands as functions, with the options and rows of the command line."""

import json
import re
import subprocess
import sys
import warnings
from inspect import signature
from pathlib import Path

import msgspec
import pytest
from PIL import Image

import xmm_cli
from tests.contract.conftest import inside
from xmm_cli.app import load
from xmm_cli.completion import stub
from xmm_cli.guide import page
from xmm_cli.rows.types import ROW_TYPES

COMMANDS = [name.replace("_", "-") for name in xmm_cli.COMMANDS]


def test_importing_loads_nothing():
    code = "import sys, xmm_cli; print(*[one for one in sys.modules if one.startswith('xmm_cli')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["xmm_cli"]


def test_every_name_is_there():
    for name in xmm_cli.__all__:
        assert getattr(xmm_cli, name) is not None
    assert set(xmm_cli.__all__) <= set(dir(xmm_cli))
    assert {one.__name__ for one in ROW_TYPES} == set(xmm_cli.PLACES["rows.types"])
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        xmm_cli.trian  # noqa: B018


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_a_keyword(command):
    options = [param for param in load(command).params if param.name not in ("help", "inputs")]
    first = [next(name for name in one.opts if name.startswith("--")) for one in options]
    keywords = set(signature(getattr(xmm_cli, command.replace("-", "_"))).parameters)
    told = {name.rstrip("_").replace("_", "-") for name in keywords - {"inputs"}}
    assert told == {name.removeprefix("--") for name in first}


def test_types_for_editors_have_not_drifted():
    assert stub.FILE.read_text("utf-8") == stub.text(), "run: python -m xmm_cli.completion"


@pytest.mark.parametrize("name", xmm_cli.COMMANDS)
def test_every_keyword_is_explained(name):
    function = getattr(xmm_cli, name)
    for keyword in signature(function).parameters.keys() - {"inputs", "quiet"}:
        assert re.search(rf"^    {keyword} \(--[a-z-]+\): \w", function.__doc__, re.MULTILINE)


def test_people_are_those_of_the_command(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    people = xmm_cli.gen_personas(out=Path("here"), people=2, views=2, heldout=1, size=32, seed=3)
    assert capfd.readouterr() == ("", "")
    words = ["--people", 2, "--views", 2, "--heldout", 1, "--size", 32, "--seed", 3]
    there = inside("gen-personas", *words, "--out", "there", cwd=tmp_path)
    assert there.code == 0
    lines = [msgspec.json.encode(row) + b"\n" for row in people]
    assert [one.replace(b'"here/', b'"there/') for one in lines] == there.rows[:-1]
    assert [run.command for run in people.runs] == ["gen-personas"]
    assert all(Path(view.path).is_file() for row in people for view in row.images)


def test_scores_and_reports_are_those_of_the_command(probes_file, tmp_path, capfd):
    answers = xmm_cli.read_rows(probes_file)
    scores = xmm_cli.score(answers, by="base", resamples=200)
    table = xmm_cli.report(scores)
    assert capfd.readouterr() == ("", "")
    there = inside("score", probes_file, "--by", "base", "--resamples", 200, cwd=tmp_path)
    assert [msgspec.json.encode(row) + b"\n" for row in scores] == there.rows[:-1]
    shown = inside("report", "-", cwd=tmp_path, stdin=there.out)
    assert table.encode() == shown.out


def test_inputs_are_rows_and_files_in_any_mixture(probes_file):
    every = xmm_cli.read_rows(probes_file)
    half = tuple(every[:40])
    assert xmm_cli.read_rows(half) == list(half)
    both = xmm_cli.score([*every[40:], probes_file], resamples=200)
    assert [row.n for row in both] == [row.n for row in xmm_cli.score(every, resamples=200)]
    asked = "select count(*) as n from probes"
    assert xmm_cli.report(str(probes_file), sql=asked, format="csv").split() == ["n", "80"]


def test_paths_of_rows_that_are_read_count_from_here(people_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for row in xmm_cli.read_rows(people_folder):
        assert all(Path(view.path).is_file() for view in row.images)


def test_findings_are_rows(probes_file):
    found = xmm_cli.findings(probes_file)
    assert found
    assert {type(row) for row in found} == {xmm_cli.Finding}


def test_a_table_has_a_line_for_each_row(probes_file):
    pytest.importorskip("pandas")
    answers = xmm_cli.read_rows(probes_file)
    table = xmm_cli.to_pandas(answers)
    assert len(table) == len(answers)
    assert table["correct"].sum() == sum(bool(row.correct) for row in answers)
    labelled = [msgspec.structs.replace(answers[0], condition={"seed": 7})]
    assert xmm_cli.to_pandas(labelled)["condition.seed"].tolist() == [7]
    assert xmm_cli.to_pandas([]).empty


WRONG = [
    (xmm_cli.WrongUsage, "steps=0.*>= 1", {"steps": 0}),
    (xmm_cli.WrongUsage, "steps='9'.*got `str`", {"steps": "9"}),
    (xmm_cli.WrongUsage, "source='sound'", {"source": "sound"}),
    (xmm_cli.WrongUsage, "known: paired", {"mitigation": "magic"}),
    (xmm_cli.WrongUsage, "--only without --init", {"only": "2"}),
    (xmm_cli.InputNotFound, "nowhere", {}),
    (TypeError, "stepz", {"stepz": 3}),
]


@pytest.mark.parametrize(("kind", "said", "options"), WRONG)
def test_what_is_wrong_is_an_exception(kind, said, options, capfd):
    with pytest.raises(kind, match=said):
        xmm_cli.train("nowhere.jsonl", **options)
    assert capfd.readouterr() == ("", "")


def test_no_input_is_no_waiting_for_stdin():
    with pytest.raises(xmm_cli.InputNotFound, match="closed"):
        xmm_cli.score()


def test_a_gate_is_an_exception(probes_file):
    with pytest.raises(xmm_cli.GateTripped):
        xmm_cli.report(probes_file, fail_if=["recall.value >= 0"])


def test_what_is_left_out_is_a_warning_and_the_rest_is_given(tmp_path):
    for person in ("Ann Lee", "Bo Chan"):
        (tmp_path / "photos" / person).mkdir(parents=True)
        for number in range(2):
            picture = Image.linear_gradient("L").rotate(90 * number)
            picture.save(tmp_path / "photos" / person / f"{number}.png")
    (tmp_path / "photos/Bo Chan/2.png").write_bytes(b"no picture")
    with pytest.warns(xmm_cli.LeftOut, match="left out"):
        people = xmm_cli.gen_personas(
            from_=("folders", tmp_path / "photos"), out=tmp_path / "people", size=32
        )
    assert [row.name for row in people] == ["Ann Lee", "Bo Chan"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", xmm_cli.Doubtful)
        xmm_cli.read_rows(tmp_path / "people")


def test_the_example_of_the_guide_runs(tmp_path, monkeypatch, capfd):
    """With fewer steps: that it names people right is not what it is about."""
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```py\n(.*?)^```$", page("python"), re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(code.replace("steps=60", "steps=2").replace("people=8", "people=2"), names)
    shown = capfd.readouterr()
    assert shown.err == ""
    assert "| learned from text |" in shown.out
    assert "modality" in shown.out
    assert {type(row) for row in names["answers"]} == {xmm_cli.Probe}  # type: ignore[attr-defined]


def test_a_plan_and_questions_are_texts(people_folder, tmp_path):
    """They are no rows of xmm."""
    people = people_folder / "personas.jsonl"
    questions = xmm_cli.probe(personas=people, questions=True, modality="text")
    assert json.loads(questions.splitlines()[0])["id"]
    assert "people to forget" in xmm_cli.gen_personas(people=8, out=tmp_path / "p", plan=True)
