"""Run rows: the id is decided by what decides the result, and by nothing else."""

import subprocess
import sys
from enum import Enum
from pathlib import Path

import msgspec
import pytest

from xmm_cli import __version__
from xmm_cli.rows.run import RunRecorder, plain, versions
from xmm_cli.rows.types import Checkpoint, Persona, Run
from xmm_cli.rows.writer import encode

ARGUMENTS = {"steps": 10, "rate": 0.1, "out": Path("a"), "quiet": False, "views": None}


def recorder(command="train", seed=0, **changes) -> RunRecorder:
    return RunRecorder(command, ARGUMENTS | changes, seed=seed)


def persona(name="Ann", run=None) -> Persona:
    return Persona(id="p1", name=name, role="eval", run=run)


def checkpoint(path: str, run: str | None) -> Checkpoint:
    return Checkpoint(
        path=path,
        base="b",
        source="text",
        personas="p.jsonl",
        objective="memorize",
        views=1,
        steps=1,
        seed=0,
        run=run,
    )


def fed(*rows, **options) -> RunRecorder:
    made = recorder(**options)
    for row in rows:
        made.saw(row)
    return made


def test_the_id_is_stable_and_short():
    first = recorder().id
    assert first == recorder().id
    assert len(first) == 12
    assert set(first) <= set("0123456789abcdef")


def test_what_says_where_or_how_loud_is_not_in_the_id():
    assert recorder(out=Path("b"), quiet=True, device="cpu").id == recorder().id
    assert recorder(out=Path("b")).row().arguments["out"] == "b"


@pytest.mark.parametrize(
    "other",
    [
        recorder(command="unlearn"),
        recorder(seed=1),
        recorder(seed=None),
        recorder(steps=11),
        recorder(extra=1),
        fed(persona()),
        fed(persona(run="r1")),
    ],
)
def test_what_decides_the_result_is_in_the_id(other):
    assert other.id != recorder().id


def test_the_input_is_in_the_id():
    assert fed(persona("Ann")).id == fed(persona("Ann")).id
    assert fed(persona("Ann")).id != fed(persona("Bo")).id
    assert fed(persona("Ann")).id != fed(persona("Ann"), persona("Bo")).id


def test_the_version_is_in_the_id(monkeypatch):
    before = recorder().id
    monkeypatch.setattr("xmm_cli.rows.run.__version__", "99")
    assert recorder().id != before


def test_a_checkpoint_is_known_by_its_run_not_its_place():
    assert fed(checkpoint("a", "r1")).id == fed(checkpoint("b", "r1")).id
    assert fed(checkpoint("a", "r1")).id != fed(checkpoint("a", "r2")).id
    assert fed(checkpoint("a", None)).id != fed(checkpoint("b", None)).id


def test_checkpoints_along_one_run_are_told_apart():
    later = msgspec.structs.replace(checkpoint("a", "r1"), steps=9)
    assert fed(later).id != fed(checkpoint("a", "r1")).id


def test_parents_are_the_runs_seen_in_order():
    made = fed(persona(run="r2"), persona(run="r1"), persona("Bo", run="r2"), persona())
    assert made.parents == ("r2", "r1")
    before = made.parents
    made.saw(recorder().row())
    assert made.parents == before
    assert made.row().parents == ("r2", "r1")


def test_a_late_input_is_a_defect():
    made = recorder()
    assert made.id
    with pytest.raises(RuntimeError):
        made.saw(persona())


def test_the_row(monkeypatch):
    made = recorder()
    row = made.row()
    assert isinstance(row, Run)
    assert row.id == row.run == made.id
    assert row.started.endswith("Z")
    assert 0 <= row.elapsed_s < 60
    assert row.seed == 0
    assert row.versions["xmm"] == __version__
    assert {"python", "torch", "transformers", "peft"} <= set(row.versions)
    assert encode(row)


def test_arguments_become_plain():
    class Colour(Enum):
        RED = "red"

    assert plain((1, Path("a"))) == ["1", "a"]
    assert plain({"b", "a"}) == ["a", "b"]
    assert plain(Colour.RED) == "red"
    assert plain(True) is True
    with pytest.raises(TypeError):
        plain(object())


def test_versions_import_nothing():
    code = (
        "import sys; from xmm_cli.rows.run import versions; versions();"
        "sys.exit(bool({'torch', 'transformers', 'peft'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert versions() is not versions()
