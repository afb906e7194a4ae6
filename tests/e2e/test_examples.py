"""The examples of the shell: every call is one that `xmm` takes; run whole, each in a short form.

What runs whole starts a dozen processes and is slow: `pytest -m slow tests/e2e/test_examples.py`.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked.start import environment
from xmm_cli.app import load

EXAMPLES = Path(__file__).parents[2] / "examples"
SHORT = {
    "VIRTUAL_ENV": sys.prefix,
    "PEOPLE": "2",
    "VIEWS": "2",
    "STEPS": "2",
    "SEEDS": "0",
    "JOBS": "2",
    "OMP_NUM_THREADS": "1",
}


def run(*words: object, code: int = 0, **more: str) -> str:
    done = subprocess.run(
        [str(one) for one in words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment() | SHORT | more,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def kinds(file: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in file.read_text().splitlines()]


@pytest.mark.slow
def test_pipes(tmp_path):
    shown = run(EXAMPLES / "pipes.sh", tmp_path)
    assert "learned from text" in shown
    assert "questions asked: 16" in shown
    assert kinds(tmp_path / "first.jsonl") == ["probe"]
    assert "recall" in (tmp_path / "table.csv").read_text()
    assert "checkpoint" in kinds(tmp_path / "checkpoint.jsonl")


@pytest.mark.slow
def test_audit_ends_with_a_verdict_and_does_nothing_twice(tmp_path):
    """Two steps teach nothing, so there is nothing to forget: no pass."""
    people, taught, model = (str(tmp_path / name) for name in ("people", "runs/both", "runs/un"))
    xmm = shutil.which("xmm", path=environment()["PATH"])
    run(xmm, "gen-personas", "-n", 10, "--views", 2, "--heldout", 2, "--out", people)
    run(xmm, "train", f"{people}/personas.jsonl", "--source", "both", "--steps", 2, "--out", taught)
    run(xmm, "unlearn", taught, "--through", "image", "--forget", 4, "--steps", 2, "--gate", 0,
        "--out", model)  # fmt: skip
    out = tmp_path / "audit"
    shown = run(EXAMPLES / "audit.sh", "--quick", model, out, code=3)
    assert shown.startswith("Unlearned through pictures: ")
    assert kinds(out / "audit.jsonl") == ["audit"] * 3
    whole = json.loads((out / "audit.jsonl").read_text().splitlines()[0])
    assert (whole["verdict"], whole["persons"], whole["retrained"]) == ("never learned", 4, 2)
    assert len({digest for digest in whole["models"].values() if digest}) == 4
    assert "Verdict: never learned" in (out / "audit.html").read_text()
    probes = (out / "probes.jsonl").read_bytes()
    assert run(EXAMPLES / "audit.sh", "--quick", model, out, code=3) == shown
    assert (out / "probes.jsonl").read_bytes() == probes
    run(EXAMPLES / "audit.sh", taught, out, code=65)


@pytest.mark.slow
def test_make_does_each_thing_once(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    call = ["make", "-f", EXAMPLES / "Makefile", f"DIR={tmp_path}", "PEOPLE=2", "STEPS=2"]
    run(*call)
    assert "learned from images" in (tmp_path / "report.md").read_text()
    assert "Nothing to be done" in run(*call)


def test_make_knows_what_hangs_on_what(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    told = run("make", "-n", "-f", EXAMPLES / "Makefile", f"DIR={tmp_path}").splitlines()
    commands = [line.split()[1] for line in told if line.startswith("xmm ")]
    assert (commands[0], commands[-1]) == ("gen-personas", "report")
    assert (commands.count("train"), commands.count("probe")) == (2, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xargs", "parallel"])
def test_side_by_side_and_again(tmp_path, name):
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    out = tmp_path / "a folder's"
    shown = run(EXAMPLES / f"{name}.sh", out)
    assert "learned from images" in shown
    before = {file: file.read_bytes() for file in out.glob("*-?.jsonl")}
    assert len(before) == 4
    (out / "text-1.jsonl").unlink()
    assert run(EXAMPLES / f"{name}.sh", out) == shown
    assert {file: file.read_bytes() for file in out.glob("*-?.jsonl")}.keys() == before.keys()
    assert (out / "image-0.jsonl").read_bytes() == before[out / "image-0.jsonl"]
    if name == "parallel":
        assert len((out / "jobs.log").read_text().splitlines()) == 1 + 4


@pytest.mark.slow
def test_sweep(tmp_path):
    shown = run(EXAMPLES / "sweep.sh", tmp_path, VIEWS="1 2")
    assert "k=1" in shown
    assert "k=2" in shown


@pytest.mark.slow
def test_own_people(tmp_path, people_folder):
    shown = run(EXAMPLES / "own_people.sh", "imagefolder", people_folder, tmp_path / "own")
    assert "learned from images" in shown
    assert (tmp_path / "own/people.png").is_file()


STUB = """#!/bin/sh
before=
for word in "$@"; do
  printf '%s\\0' "$word"
  [ "$before" != --resume ] || : >"$word"
  before=$word
done >>"$CALLS.$$"
printf '\\n' >>"$CALLS.$$"
if [ -p /dev/stdin ]; then cat >/dev/null; fi
echo '{"kind":"probe","correct":false}'
"""
"""Writes down how it was called, in a file for each process, makes `--resume`'s file, and
answers one row."""


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Run an example with a stub for `xmm`; gives the words of each call."""
    stub = tmp_path / "bin" / "xmm"
    stub.parent.mkdir()
    stub.write_text(STUB)
    stub.chmod(0o755)
    where = {"PATH": f"{stub.parent}{os.pathsep}{os.environ['PATH']}", "CALLS": f"{tmp_path}/call"}

    def call(*words: object) -> list[list[str]]:
        run(*words, **where)
        lines = [line for one in tmp_path.glob("call.*") for line in one.read_text().splitlines()]
        return [line.split("\0")[:-1] for line in lines]

    return call


@pytest.mark.parametrize("name", ["pipes", "xargs", "parallel", "sweep", "gate", "own_people"])
def test_every_call_is_one_that_xmm_takes_in_any_folder(calls, tmp_path, name):
    if name == "parallel" and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    out = tmp_path / 'a folder\'s "out"'
    for part in ("image", "text"):
        for seed in (0, 1):
            (out / f"{part}-{seed}").mkdir(parents=True)
    made = calls(EXAMPLES / f"{name}.sh", *(["csv", "x.csv"] if name == "own_people" else []), out)
    assert {"gen-personas", "train", "probe", "report"} <= {words[0] for words in made}
    for words in made:
        load(words[0]).make_context(words[0], words[1:], resilient_parsing=False)
    trained = [words[words.index("--out") + 1] for words in made if words[0] == "train"]
    assert len(set(trained)) == len(trained)
    assert all(Path(one).parent == out for one in trained)
    if name in ("xargs", "parallel"):
        assert len(trained) == 4


LAUNCHES = {"here": "", "by a command": "env LAUNCHED=1", "by GNU parallel": "parallel"}


@pytest.mark.parametrize("launch", LAUNCHES.values(), ids=LAUNCHES)
def test_jobs_start_through_xmm_launch(calls, tmp_path, monkeypatch, launch):
    """In any folder, each with its words whole."""
    if launch == "parallel" and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    monkeypatch.setenv("XMM_LAUNCH", launch)
    monkeypatch.setenv("JOBS", "2")
    out = tmp_path / 'a folder\'s "out"'
    made = calls(EXAMPLES / "sweep.sh", out)
    trained = [words[words.index("--out") + 1] for words in made if words[0] == "train"]
    assert sorted(trained) == [f"{out}/image-2-0", f"{out}/text-2-0"]


LOSES = '#!/bin/sh\ncase $* in *lost*) exit 0 ;; esac\nexec "$@"\n'
"""Starts a command, but for a job that it loses without saying so, as `srun` does."""


@pytest.mark.parametrize("launch", ["", "env X=1", "parallel", "./loses"])
def test_a_job_that_fails_fails_the_example_after_the_others(tmp_path, launch):
    if launch == "parallel" and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    (tmp_path / "loses").write_text(LOSES)
    (tmp_path / "loses").chmod(0o755)
    failing = "echo lost" if launch == "./loses" else "false"
    script = f"source {EXAMPLES}/jobs.sh; printf '%s\\n' '{failing}' 'touch later' | side_by_side"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment() | {"XMM_LAUNCH": launch, "JOBS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "1 of 2 jobs failed; the same command goes on" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["later", "loses"]


def test_keys_do_not_leave_in_the_command_line():
    script = f"source {EXAMPLES}/jobs.sh; dir=out; example_as_bash"
    keys = {"XMM_API_KEY": "a secret", "HF_TOKEN": "a secret", "XMM_DEVICE": "cpu"}
    said = run("bash", "-euo", "pipefail", "-c", script, **keys)
    assert "secret" not in said
    assert {'declare -x XMM_DEVICE="cpu"', 'declare -- dir="out"'} <= set(said.splitlines())


@pytest.mark.parametrize(
    ("leak", "code"), [pytest.param("1", 0, marks=pytest.mark.slow), ("-1", 3)]
)
def test_a_gate(tmp_path, checkpoint, leak, code):
    quick = {"UNLEARN": "2", "FORGET": "2", "GATE": "0", "LEAK": leak}
    run(EXAMPLES / "gate.sh", tmp_path, checkpoint.path, code=code, **quick)
