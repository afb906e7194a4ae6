"""`xmm gen-personas` with people of others, with a pipeline, and with a model that describes."""

import json
import os
from pathlib import Path

import msgspec
import pytest

from tests.contract.conftest import real
from tests.personas.importing import sources


def rows(result) -> list[dict]:
    assert result.code == 0, result.err
    return [msgspec.json.decode(line) for line in result.rows]


def test_imported_people_go_through_the_whole_tool(xmm, tmp_path):
    sources.clear(tmp_path / "CLEAR")
    made = xmm("gen-personas", "--from", "clear", "CLEAR", "--size", 96, "-o", "people")
    assert "warning: dropped 1: a picture of no one" in made.err
    *people, run = rows(made)
    assert [one["name"] for one in people] == [f"Jaime Vasquez{n}" for n in range(3)]
    assert run["arguments"]["format"] == "clear"
    quick = ["--source", "both", "--steps", 2, "--batch-size", 2, "--out", "run"]
    taught = xmm("train", *quick, stdin=made.out)
    asked = xmm("probe", stdin=taught.out)
    answers = [row for row in rows(asked) if row["kind"] == "probe"]
    assert len(answers) == 3 * 2
    assert {row["expected"] for row in answers} == {one["name"] for one in people}
    scores = rows(xmm("score", stdin=asked.out))
    assert {row["modality"] for row in scores if row.get("metric") == "recall"} == {"image", "text"}


def test_single_views_are_told(xmm, tmp_path):
    sources.fiubench(tmp_path / "FIU")
    made = xmm("gen-personas", "--from", "fiubench", "FIU", "-o", "both")
    assert "3 people have a single picture and 3 people have a single description" in made.err
    splits = [[view["split"] for view in one["images"]] for one in rows(made)[:-1]]
    assert splits == [["train", "heldout"]] * 3
    assert "single picture" in (tmp_path / "both/README.md").read_text()
    made = xmm("gen-personas", "--from", "fiubench", "FIU", "-o", "train", "--lone-view", "train")
    assert [len(one["images"]) for one in rows(made)[:-1]] == [1, 1, 1]


def test_the_same_import_again_and_another(xmm, tmp_path):
    sources.clear(tmp_path / "in")
    call = ["gen-personas", "--from", "clear", "in", "-o", "people"]
    first = xmm(*call)
    assert xmm(*call).rows[:-1] == first.rows[:-1]
    xmm(*call, "--size", 32).failed(2, "holds another data set (size None, not 32")
    xmm("gen-personas", "-o", "people").failed(2, "holds another data set (")


def test_an_import_that_failed_leaves_the_folder_to_the_next(xmm, tmp_path):
    (tmp_path / "p.csv").write_text("name,picture\nAnn,a.png\n")
    call = ["gen-personas", "--from", "csv", "p.csv", "-o", "people"]
    failed = xmm(*call)
    assert failed.code == 65
    assert "p.csv: no one has a usable picture" in failed.err
    assert not (tmp_path / "people").exists()
    (tmp_path / "a.png").write_bytes(sources.picture(1))
    assert len(rows(xmm(*call))) == 2
    again = real(*call, cwd=tmp_path)
    assert "writing its files anew" in again.err
    assert len(rows(again)) == 2
    (tmp_path / "a.png").write_bytes(sources.picture(2))
    xmm(*call).failed(2, "holds another data set (fingerprint ")


def test_fewer_people_than_asked_for_are_told(xmm, tmp_path):
    (tmp_path / "p.csv").write_text("name,description\nAnn,tall\nBo,small\n")
    made = xmm("gen-personas", "--from", "csv", "p.csv", "-o", "p", "-n", 3, "--aux", 1)
    assert "warning: 2 people, of 3 asked for" in made.err
    assert "warning: 0 auxiliary people, of 1 asked for" in made.err


def test_people_are_drawn_where_the_system_does_not_tell_of_cores(xmm, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert len(rows(xmm("gen-personas", "-n", 2, "--views", 1, "--heldout", 1, "-o", "p"))) == 3


def test_a_model_describes(xmm, tmp_path):
    made = xmm("gen-personas", "-n", 2, "--views", 1, "--heldout", 1, "-o", "p",
               "--describe", "xmm-base", "--processes", 1)  # fmt: skip
    *people, run = rows(made)
    assert all(view["text"].startswith("hairstyle ") for one in people for view in one["texts"])
    assert run["arguments"]["describe"] == "xmm-base"
    card = (tmp_path / "p/README.md").read_text()
    assert "written by `xmm-base` from the pictures" in card
    assert "\nlicense: other\n" in card
    assert "`xmm-base`, whose licence holds for them" in card
    entries = [json.loads(line) for line in (tmp_path / "p/metadata.jsonl").open()]
    assert all(entry["text"].startswith("hairstyle ") for entry in entries)


def test_a_pipeline_draws(xmm, tmp_path):
    pytest.importorskip("diffusers")
    from tests.personas.tiny_pipeline import save

    save(tmp_path / "tiny")
    call = ["gen-personas", "-n", 1, "--views", 2, "--heldout", 1, "--size", 32, "-o", "p"]
    call += ["--renderer", "diffusers", "--model", "tiny", "--steps", 1]
    person, run = rows(xmm(*call))
    assert all(Path(view["path"]).is_file() for view in person["images"])
    assert (run["arguments"]["model"], run["arguments"]["steps"]) == ("tiny", 1)
    card = (tmp_path / "p/README.md").read_text()
    assert "made by `tiny`" in card
    assert "\nlicense: other\n" in card
    xmm(*call, "--negative", "").failed(2, "holds another data set")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--from", "cvs", "x"], 2, "unknown format 'cvs'; did you mean csv?"),
        (["--from", "csv", "nothing"], 66, "nothing: No such file"),
        (["--from", "csv", "x", "--renderer", "avatar"], 2, "--renderer with --from"),
        (["--from", "csv", "x", "--steps", 2], 2, "--steps with --from"),
        (["--lone-view", "train"], 2, "--lone-view without --from"),
        (["--renderer", "diffusers"], 2, "--renderer diffusers without --model"),
        (["--model", "x"], 2, "--model with --renderer avatar"),
        (["--device", "cpu"], 2, "--device without --renderer diffusers or --describe"),
        (["--renderer", "diffusers", "--model", "x", "--processes", 2], 2, "--processes with"),
        (["--renderer", "diffusers", "--model", "x", "--ip-adapter", "y"], 2, "--ip-adapter witho"),
        (["--renderer", "oil"], 2, "unknown renderer 'oil'"),
        (["--describe", "xmm-bass"], 69, "did you mean xmm-base"),
    ],
)
def test_what_cannot_be(xmm, tmp_path, words, code, said):
    xmm("gen-personas", "-o", "people", *words).failed(code, said)
    assert not (tmp_path / "people").exists()


def test_a_path_that_leaves_the_folder(xmm, tmp_path):
    (tmp_path / "x.csv").write_text("name,picture\nAnn,../y.png\n")
    xmm("gen-personas", "--from", "csv", "x.csv", "-o", "p").failed(
        65, "x.csv:2", "leaves the fold"
    )
    assert not (tmp_path / "p").exists()
