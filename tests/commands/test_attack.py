"""`xmm probe --attack`: rows that carry their attack, for several models alike."""

import json

import pytest

from xmm_cli import app
from xmm_cli.console import say
from xmm_cli.probing.attacks import chosen

IMPOSSIBLE = {"hidden", "base-projector"}
"""It needs ten people; nothing was trained but the language model."""
QUICK = "prefix,multiple-choice,few-shot,quantized-int4,base-projector,hidden,typeset"


@pytest.fixture
def xmm(monkeypatch, tmp_path, capfdbinary):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capfdbinary.readouterr()
        code = app.main(["probe", *[str(one) for one in arguments]])
        got = capfdbinary.readouterr()
        return int(code), got.out, got.err.decode()

    yield call
    say.quiet = False


@pytest.fixture(scope="module")
def forgetful(checkpoint, people, tmp_path_factory):
    """The same model, which is said to have forgotten one person."""
    import shutil
    from pathlib import Path

    folder = tmp_path_factory.mktemp("unlearned") / "run"
    shutil.copytree(checkpoint.path, folder)
    row = json.loads((folder / "xmm.json").read_text())
    row |= {"objective": "npo", "forget": ["e5-000"]}
    (folder / "xmm.json").write_text(json.dumps(row) + "\n")
    return Path(folder)


def rows(data: bytes) -> list[dict]:
    found = [json.loads(line) for line in data.splitlines()]
    return [row for row in found if row["kind"] == "probe"]


def test_every_attack_that_can_be_made_has_rows_and_the_others_are_told(xmm, checkpoint):
    code, out, err = xmm(checkpoint.path, "--attack", "plain,all", "--views", 1)
    assert code == 0
    found = rows(out)
    assert {row.get("attack") for row in found} == {None, *chosen("all")} - IMPOSSIBLE
    for name in IMPOSSIBLE:
        (line,) = [line for line in err.splitlines() if f": {name}: left out: " in line]
        assert line.startswith("warning: ")
    assert not [row for row in found if row["correct"] is None]
    assert {row["modality"] for row in found if row.get("attack") == "typeset"} == {"text"}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_rows_and_a_killed_run_goes_on(
    xmm, checkpoint, forgetful, tmp_path
):
    ask = (checkpoint.path, forgetful, "--sets", forgetful, "--attack", QUICK, "--views", 1,
           "--batch-size", 3, "--quiet")  # fmt: skip
    code, whole, _ = xmm(*ask)
    assert code == 0
    lines = [line for line in whole.splitlines(keepends=True) if b'"kind":"probe"' in line[:20]]
    models = {}
    for row in rows(whole):
        key = (row["attack"], row["modality"], row["persona"], row["view"], row["question"])
        models.setdefault(key, set()).add((row["checkpoint"] == checkpoint.path, row["set"]))
        assert row["set"] == ("forget" if row["persona"] == "e5-000" else "retain")
    assert all(len(who) == 2 for who in models.values())  # both were asked the same
    log = tmp_path / "log.jsonl"
    for cut in (0, 5, len(lines) // 2, len(lines) - 1):
        log.write_bytes(b"".join(lines[:cut]) + lines[cut][:30])
        code, out, _ = xmm(*ask, "--resume", log)
        assert (code, out) == (0, b"")
        kept = [line for line in log.read_bytes().splitlines(keepends=True)
                if b'"kind":"probe"' in line[:20]]  # fmt: skip
        assert kept == lines, cut


@pytest.mark.parametrize(
    "wrong",
    [
        ("--trace",),
        ("--asking", "describe-first"),
        ("--answer", "prefix"),
        ("--task", "attribute"),
    ],
)
def test_what_does_not_go_with_an_attack(xmm, checkpoint, wrong):
    code, out, err = xmm(checkpoint.path, "--attack", "insist", *wrong)
    assert (code, out) == (2, b"")
    assert f"--attack with {' '.join(wrong)}" in err.replace("\n", " ")


def test_no_one_else_has_everyones_states(xmm, checkpoint):
    code, _, err = xmm(checkpoint.path, "--attack", "all", "--shard", "1/2")
    assert code == 2
    assert "--attack hidden with --shard" in err


def test_sets_of_a_checkpoint_without_any(xmm, checkpoint):
    code, _, err = xmm(checkpoint.path, "--sets", checkpoint.path)
    assert code == 2
    assert "it has no forget set" in err
