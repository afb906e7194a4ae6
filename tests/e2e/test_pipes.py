"""The whole pipe, in a real shell: people in, tables out, and the same bytes every time."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from tests.contract.conftest import Result, shell
from tests.forked.start import installed

PIPE = (
    "xmm gen-personas -n 4 --views 2 --heldout 2 --out people | tee 1.jsonl"
    " | xmm train --steps 5 | tee 2.jsonl"
    " | xmm probe | tee 3.jsonl"
    " | xmm score | tee 4.jsonl"
    " | xmm report"
)
STAGES = ("gen-personas", "train", "probe", "score")


def rows(file: Path) -> list[dict]:
    return [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]


def lines_but_runs(file: Path) -> list[bytes]:
    lines = file.read_bytes().splitlines()
    return [line for line in lines if msgspec.json.decode(line)["kind"] != "run"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    return tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")


@pytest.fixture(scope="module")
def first(folders) -> Result:
    return shell(PIPE, folders[0])


@pytest.fixture(scope="module")
def second(folders, first) -> Result:
    """As installed: no fork, so that the order of its sets is another one."""
    return shell(PIPE, folders[1], env=installed())


def test_the_pipe_ends_in_a_table(first):
    assert first.code == 0, first.err
    shown = first.out.decode()
    assert "learned from text" in shown
    assert "asked with an image" in shown
    assert "4 persons, 16 questions" in shown
    assert "Traceback" not in first.err
    assert "defect" not in first.err


@pytest.mark.parametrize(
    ("number", "kind", "count"), [(1, "persona", 4), (2, "checkpoint", 1), (3, "probe", 16)]
)
def test_each_stage_writes_its_rows(first, folders, number, kind, count):
    found = [row["kind"] for row in rows(folders[0] / f"{number}.jsonl")]
    assert found.count(kind) == count
    assert set(found) == {kind, "run"}


def test_run_rows_pass_through_to_the_end(first, folders):
    runs = [row for row in rows(folders[0] / "4.jsonl") if row["kind"] == "run"]
    assert {run["command"] for run in runs} == set(STAGES)
    by_command = {run["command"]: run for run in runs}
    assert len(runs) == len(STAGES)
    for earlier, later in pairwise(STAGES):
        assert by_command[earlier]["id"] in by_command[later]["parents"]
    (made,) = [line for line in (folders[0] / "1.jsonl").open("rb") if b'"kind":"run"' in line]
    assert made in (folders[0] / "4.jsonl").read_bytes()


def test_every_row_names_a_run_that_is_there(first, folders):
    found = rows(folders[0] / "4.jsonl")
    known = {row["id"] for row in found if row["kind"] == "run"}
    for number in (1, 2, 3, 4):
        assert {row["run"] for row in rows(folders[0] / f"{number}.jsonl")} <= known


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_the_same_seed_gives_the_same_bytes(second, folders, number):
    assert second.code == 0, second.err
    here, there = (lines_but_runs(folder / f"{number}.jsonl") for folder in folders)
    assert here
    assert here == there


def test_the_same_seed_gives_the_same_files(first, second, folders):
    assert first.out == second.out
    trees = [
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.parent != folder
        }
        for folder in folders
    ]
    assert any(name.endswith("adapter_model.safetensors") for name in trees[0])
    assert list(trees[0]) == list(trees[1])
    assert [name for name in trees[0] if trees[0][name] != trees[1][name]] == []


def test_rows_may_lie_in_another_folder(first, folders, tmp_path):
    """`xmm train A > c.jsonl; xmm probe c.jsonl`, with c.jsonl beside nothing that it names."""
    done = shell(
        "mkdir -p elsewhere/deep && tail -n 2 2.jsonl > elsewhere/deep/c.jsonl"
        " && xmm probe -q elsewhere/deep/c.jsonl",
        folders[0],
    )
    assert done.code == 0, done.err
    answers = [line for line in done.out.splitlines() if b'"kind":"probe"' in line]
    assert answers == lines_but_runs(folders[0] / "3.jsonl")


def test_results_can_be_collected_and_read_from_many_files(first, folders):
    """What comes one way and what comes in parts is scored the same."""
    done = shell(
        "grep image 3.jsonl > a.part; grep -v image 3.jsonl > b.part;"
        ' xmm score -q a.part b.part | grep -v \'"kind":"run"\' > parts.jsonl;'
        ' xmm score -q 3.jsonl | grep -v \'"kind":"run"\' > whole.jsonl; xmm report -q whole.jsonl',
        folders[0],
    )
    assert done.code == 0, done.err
    strip = [
        [row | {"run": None} for row in rows(folders[0] / name)]
        for name in ("parts.jsonl", "whole.jsonl")
    ]
    assert strip[0] == strip[1]
    assert len(strip[0]) > 10
    assert done.out.decode() == first.out.decode()
