"""Methods of another package, one of each kind, used through the command line.

The package lies on the path of one process that runs all commands, one after the other.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.families.tiny import save
from tests.plugins.package import NAME, POINTS, install

RUNNER = """
import contextlib, io, json, os, sys
from xmm_cli.app import main
for number, words in enumerate(json.load(sys.stdin)):
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    out.flush()
    said = out.buffer.getvalue().decode()
    with open(f"{number}.json", "w") as file:
        json.dump([int(code), said, err.getvalue()], file)
"""

SMALL = ["--base", "xmm-base-xs", "--steps", "1", "--batch-size", "2"]
COMMANDS = {
    "draw": "gen-personas --renderer squares -n 3 --aux 1 --views 2 --heldout 1 --out people",
    "import": "gen-personas --from names names.txt --out imported",
    "train": f"train people/personas.jsonl -s text --mitigation rounds --aux 1 {' '.join(SMALL)} "
    "--set rounds=2 --out run",
    "unlearn": "unlearn run --gate 0 --forget 1 --method pull --set pull=0.5 --set careful=false "
    "--steps 1 --batch-size 2 --out forgot",
    "usual": "unlearn run --gate 0 --forget 1 --method pull --set pull=1 --steps 1 --batch-size 2 "
    "--out usual",
    "unknown": "unlearn run --gate 0 --forget 1 --method pull --set pulll=1",
    "wrong": "unlearn run --gate 0 --forget 1 --method pull --set pull=0",
    "none": "unlearn run --gate 0 --forget 1 --method ga --set pull=1",
    "probe": "probe forgot --task anyone --engine loud --answer generate -m text --views 1 "
    "--resume probes.jsonl",
    "plain": "probe forgot --answer generate -m text --views 1 --resume plain.jsonl",
    "family": "probe --base gemma4 --personas people/personas.jsonl --answer rank --views 1",
    "score": "score plain.jsonl --metric answer_length",
    "broken": "score plain.jsonl --metric broken",
    "own": "score plain.jsonl --metric recall",
    "report": "report plain.jsonl --format count",
    "findings": "report plain.jsonl --findings --format count",
    "plot": "report plain.jsonl --plot dot.svg --figure dot",
    "terminal": "report plain.jsonl --plot - --figure dot",
    **{
        f"help {command}": f"{command} --help"
        for command in ("gen-personas", "train", "unlearn", "probe", "score", "report")
    },
}


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> dict[str, str]:
    folder = install(tmp_path_factory.mktemp("installed"))
    return os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "80"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, path) -> Path:
    """Where all commands were run."""
    work = tmp_path_factory.mktemp("work")
    save("gemma4", work / "gemma4")
    (work / "names.txt").write_text("Ann Lee\nBo Quist\n")
    words = json.dumps([[*line.split()] for line in COMMANDS.values()])
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=words, text=True, cwd=work, env=path, check=False,
        capture_output=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return work


@pytest.fixture
def ran(folder):
    def of(name: str) -> Result:
        number = list(COMMANDS).index(name)
        return Result(*json.loads((folder / f"{number}.json").read_text()))

    return of


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_renderer(ran, folder):
    from PIL import Image

    assert ran("draw").code == 0, ran("draw").err
    picture = next((folder / "people" / "images").rglob("*.png"))
    with Image.open(picture) as image:
        assert image.size == (40, 40)


def test_an_importer(ran):
    result = ran("import")
    assert result.code == 0, result.err
    assert [row["name"] for row in rows(result.out) if row["kind"] == "persona"] == [
        "Ann Lee", "Bo Quist",
    ]  # fmt: skip


def test_a_mitigation_with_a_hyperparameter(ran, folder):
    assert ran("train").code == 0, ran("train").err
    row = json.loads((folder / "run" / "xmm.json").read_text())
    assert (row["arguments"]["mitigation"], row["arguments"]["set_rounds"]) == ("rounds", 2)


def test_an_objective_with_hyperparameters(ran, folder):
    assert ran("unlearn").code == 0, ran("unlearn").err
    row = json.loads((folder / "forgot" / "xmm.json").read_text())
    assert row["objective"] == "pull"
    chosen = {name: row["arguments"].get(name) for name in ("set_pull", "set_careful")}
    assert chosen == {"set_pull": 0.5, "set_careful": "false"}
    assert row["arguments"]["training_set_rounds"] == 2


def test_what_is_the_default_is_not_recorded(ran, folder):
    assert ran("usual").code == 0, ran("usual").err
    arguments = json.loads((folder / "usual" / "xmm.json").read_text())["arguments"]
    assert not [name for name in arguments if name.startswith("set_")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown", "--set pulll: the objective pull has no such hyper-parameter; did you mean"),
        ("wrong", "--set pull=0; Expected `float` > 0.0; its default is 1.0"),
        ("none", "--set pull; the objective ga has none"),
    ],
)
def test_a_hyperparameter_that_cannot_be(ran, name, said):
    result = ran(name)
    assert (result.code, result.out) == (2, "")
    (line,) = [line for line in result.err.splitlines() if "recall of the package" not in line]
    assert said in line


def test_a_task_and_an_engine(ran, folder):
    assert ran("probe").code == 0, ran("probe").err
    probes = [row for row in rows((folder / "probes.jsonl").read_text()) if row["kind"] == "probe"]
    assert {row["task"] for row in probes} == {"anyone"}
    assert all(row["answer"] == row["answer"].upper() for row in probes)
    assert {row["condition"]["engine"] for row in probes} == {"loud"}
    assert {row["condition"]["set_pull"] for row in probes} == {0.5}


def test_a_family(ran):
    result = ran("family")
    assert result.code == 1
    assert "the family of foreign-xmm was asked" in result.err


def test_a_metric(ran):
    result = ran("score")
    assert result.code == 0, result.err
    assert {row["metric"] for row in rows(result.out) if row["kind"] == "score"} == {
        "answer_length"
    }


def test_a_method_that_cannot_be_imported(ran):
    result = ran("broken")
    assert (result.code, result.out) == (69, "")
    assert f"metric broken of the package {NAME} cannot be loaded: ModuleNotFound" in result.err
    assert "Traceback" not in result.err


def test_a_name_that_xmm_has_stays_what_it_is(ran):
    result = ran("own")
    assert result.code == 0
    assert {row["metric"] for row in rows(result.out) if row["kind"] == "score"} == {"recall"}
    told = [
        ran(name).err.count(f"metric recall of the package {NAME}: xmm has") for name in COMMANDS
    ]
    assert set(told) == {0, 1}


def test_a_format(ran):
    assert ran("report").code == 0, ran("report").err
    assert ran("report").out.endswith(" scores\n")
    assert ran("findings").code == 2
    assert "this format shows scores alone" in ran("findings").err


def test_a_figure(ran, folder):
    assert ran("plot").code == 0, ran("plot").err
    assert (folder / "dot.svg").read_text().startswith("<?xml")
    assert "The recall of all cells, as one dot." in ran("terminal").out
    assert "1 dots" in ran("terminal").out


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("gen-personas", ["squares", "names"]),
        ("train", ["rounds", "rounds=1"]),
        ("unlearn", ["pull", "pull=2 / 2, careful=True"]),
        ("probe", ["anyone", "loud"]),
        ("score", ["answer_length"]),
        ("report", ["count", "dot"]),
    ],
)
def test_help_has_their_names(ran, command, names):
    told = " ".join(ran(f"help {command}").out.split())
    assert all(name in told for name in names)


def test_completions_have_their_names(path):
    code = "from xmm_cli.completion.__main__ import generated; print(generated()['xmm.bash'])"
    words = subprocess.run(
        [sys.executable, "-c", code], env=path, check=True, capture_output=True, text=True
    ).stdout
    for name in ("squares", "rounds", "pull", "anyone", "loud", "count", "dot", "answer_length"):
        assert name in words


def test_every_kind_is_listed_without_importing_it(path):
    code = """
import sys
from xmm_cli.models.families import FAMILIES
from xmm_cli.personas.importing import IMPORTERS
from xmm_cli.personas.rendering import RENDERERS
from xmm_cli.probing.attacks import ATTACKS
from xmm_cli.probing.engines import ENGINES
from xmm_cli.probing.tasks import TASKS
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.scoring.metrics import METRICS
from xmm_cli.study.figures import FIGURES
from xmm_cli.training.mitigations import MITIGATIONS
from xmm_cli.training.objectives import OBJECTIVES
known = (OBJECTIVES, MITIGATIONS, RENDERERS, METRICS, FORMATS, FIGURES, TASKS, ATTACKS, ENGINES,
         FAMILIES, IMPORTERS)
for one in known:
    print(one.group, *[f"{n}: {s}" for n, s in one.describe().items()], sep="|")
assert not [name for name in sys.modules if name.startswith("foreign")]
assert ATTACKS.load("again")([1]) == [1]
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=path, check=True, capture_output=True, text=True
    )
    listed = dict(line.split("|", 1) for line in done.stdout.splitlines() if "|" in line)
    assert listed.keys() == POINTS.keys()
    for group, methods in POINTS.items():
        assert all(f"{name}: " in listed[group] for name in methods)
    assert "dot: The recall of all cells, as one dot." in listed["xmm.figures"]
    assert "rounds: Everything as it is, some rounds of it." in listed["xmm.mitigations"]
    assert "broken: Methods of someone else" in listed["xmm.metrics"]
