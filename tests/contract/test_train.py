"""`xmm train` beyond plain training: mitigations, the control, and going on from a checkpoint."""

import shutil
from pathlib import Path

import msgspec
import pytest


@pytest.fixture
def people_file(people_folder) -> Path:
    return people_folder / "personas.jsonl"


@pytest.fixture
def copy(checkpoint, tmp_path) -> Path:
    return Path(shutil.copytree(checkpoint.path, tmp_path / "copy"))


def rows(result) -> list[dict]:
    assert result.code == 0, result.err
    return [msgspec.json.decode(line) for line in result.rows]


QUICK = ["--steps", 2, "--batch-size", 2, "--views", 1, "--out", "run"]


@pytest.mark.parametrize("name", ["paired", "align", "self-caption"])
def test_a_mitigation_stands_in_the_row(xmm, people_file, name):
    row, _ = rows(xmm("train", people_file, "--mitigation", name, *QUICK))
    assert row["arguments"]["mitigation"] == name
    assert row["arguments"]["steps"] == 2


def test_descriptions_are_drawn(xmm, people_file, capfdbinary):
    xmm("train", people_file, "--mitigation", "self-caption", "--source", "text", *QUICK)
    assert b"could not be drawn" not in capfdbinary.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mitigation", "pair"], "unknown mitigation 'pair'; did you mean paired?"),
        (["--aux", 1], "--aux without a mitigation that needs other people; xmm help mitigations"),
        (["--mitigation", "self-caption", "--aux", 1], "--aux without a mitigation that needs"),
        (["--only", 2], "--only without --init"),
        (["--init", "copy", "--base", "xmm-base-bare"], "--base with --init"),
        (["--init", "copy", "--rank", 4], "--rank with --init"),
        (["--init", "copy", "--only", "e9-000"], "--only e9-000: no such part of 4 people"),
    ],
)
def test_what_does_not_go_together(xmm, copy, people_file, words, said):
    xmm("train", people_file, *words, *QUICK).failed(2, said)


def test_other_people_are_needed(xmm, people_file):
    said = "2 persons have the role aux, not 9; paired needs auxiliary people"
    xmm("train", people_file, "--mitigation", "paired", "--aux", 9, *QUICK).failed(65, said)


def test_the_control_stands_in_the_row(xmm, people_file):
    row, _ = rows(xmm("train", people_file, "--shuffle-names", *QUICK))
    assert row["arguments"]["shuffle_names"] is True


def test_going_on_from_a_checkpoint_with_its_own_people(xmm, copy):
    words = ["--init", "copy", "--only", "e5-001,e5-003", "--source", "image", "--save-every", 1]
    *made, run = rows(xmm("train", *words, *QUICK))
    assert [row["steps"] for row in made] == [1, 2]
    assert [row["path"] for row in made] == ["run/steps/0001", "run"]
    assert {row["parent"] for row in made} == {"taught"}
    assert {row["source"] for row in made} == {"both"}
    assert run["arguments"]["only"] == ["e5-001", "e5-003"]
    assert "taught" in run["parents"]
    again = rows(xmm("train", *words, *QUICK))
    assert again[:-1] == made


def test_relearning_what_was_unlearned(xmm, copy):
    unlearn = ["--forget", 2, "--gate", 0, "--steps", 1, "--batch-size", 2, "--out", "gone"]
    forgotten, _ = rows(xmm("unlearn", copy, *unlearn))
    row, _ = rows(xmm("train", "--init", "gone", "--only", "forget:0.5", *QUICK))
    assert row["forget"] == forgotten["forget"]
    assert (row["objective"], row["parent"]) == (forgotten["objective"], forgotten["run"])
    assert row["arguments"]["relearned"] == "text"
    assert row["arguments"]["relearn_steps"] == 2
    assert set(row["arguments"]["relearn_people"]) < set(row["forget"])


def test_a_checkpoint_of_other_weights(xmm, copy):
    file = copy / "xmm.json"
    row = msgspec.json.decode(file.read_bytes())
    file.write_bytes(msgspec.json.encode(row | {"revision": "0" * 16}) + b"\n")
    xmm("train", "--init", "copy", *QUICK).failed(65, "trained on other weights of xmm-base")


def test_a_checkpoint_that_is_not_there(xmm, people_file):
    xmm("train", people_file, "--init", "nowhere", *QUICK).failed(66, "nowhere")
