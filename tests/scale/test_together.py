"""What two processes do together is what one does alone."""

import json
import subprocess

import pytest
from safetensors.torch import load_file

from tests.scale import shared_run
from tests.scale.conftest import ROOT, environment, together
from xmm_cli.training.objectives import UNLEARNING

SCRIPT = ROOT / "tests/scale/shared_run.py"
WEIGHTS = "adapter_model.safetensors"
SOME = ("memorize", "kl", "pdu", "mmunlearner", "rmu")
"""A plain loss, a reference forward, a state, a hook on gradients, hidden states alone."""

TOLERANCE = 1e-3
"""The largest difference of a weight. Sums of gradients are in another order, and Adam's first
steps make that larger where a gradient is next to nothing."""


def compare(checkpoint, alone, shared, methods) -> None:
    shared_run.main(checkpoint.path, str(alone), *methods)
    done = together("-m", "tests.scale.shared_run", checkpoint.path, shared, *methods, cwd=ROOT)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    for method in methods:
        places = [""] if method == "memorize" else ["", "steps/0002"]
        for place in places:
            one, other = (
                load_file(folder / method / place / WEIGHTS) for folder in (alone, shared)
            )
            for name, weight in one.items():
                apart = float((weight - other[name]).abs().max())
                assert apart <= TOLERANCE, (method, place, name, apart)
        logs = [(folder / method / "log.jsonl").read_text() for folder in (alone, shared)]
        for one, other in zip(*(log.splitlines() for log in logs), strict=True):
            known, found = json.loads(one), json.loads(other)
            assert found["step"] == known["step"]
            assert found["loss"] == pytest.approx(known["loss"], rel=1e-4, abs=1e-5), method
    rows = [json.loads((folder / "rows.json").read_bytes()) for folder in (alone, shared)]
    for one, other in zip(*rows, strict=True):
        # the two count on different numbers of threads, which rounds otherwise
        assert other.pop("logprob", None) == pytest.approx(one.pop("logprob", None), abs=3e-5)
        assert one == other
    assert sorted(path.name for path in shared.iterdir()) == sorted([*methods, "rows.json"])


@pytest.fixture
def folders(tmp_path):
    made = tmp_path / "alone", tmp_path / "shared"
    for one in made:
        one.mkdir()
    return made


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """The script changes how often the loop logs and saves, in this process too."""
    from xmm_cli.training.run import loop

    monkeypatch.setattr(loop, "_LOG_EVERY", loop._LOG_EVERY)
    monkeypatch.setattr(loop, "_SAVE_EVERY", loop._SAVE_EVERY)


@pytest.mark.slow
def test_two_processes_are_as_one(checkpoint, folders):
    compare(checkpoint, *folders, SOME)


@pytest.mark.slow
def test_by_every_method(checkpoint, folders):
    compare(checkpoint, *folders, ("memorize", *UNLEARNING))


@pytest.mark.slow
def test_one_line_and_the_right_code_from_all_processes(checkpoint, tmp_path):
    """Bad input is found by all of them; a full pipe's end is no error."""
    made = ("-m", "xmm_cli", "probe", "--quiet")
    done = together(*made, cwd=tmp_path, stdin=b"nonsense\n")
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("xmm ")]
    assert len(lines) == 1, done.stderr.decode()
    assert lines[0].startswith("xmm probe: stdin:1:")
    assert "exitcode  : 65" in done.stderr.decode()
    done = together(
        "-m", "xmm_cli", "train", "--batch-size", "1", "-q", checkpoint.personas, cwd=tmp_path
    )
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("xmm ")]
    assert len(lines) == 1
    assert "--batch-size 1 with 2 processes" in lines[0]
    assert "exitcode  : 2" in done.stderr.decode()


@pytest.mark.slow
def test_a_reader_that_leaves_ends_all_processes_quietly(checkpoint, tmp_path):
    line = (
        "torchrun --standalone --nproc_per_node 2 -m xmm_cli probe -q --batch-size 1 "
        f"{checkpoint.path} | head -1"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
        timeout=550,
    )
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 1), done.stderr.decode()


def test_the_first_process_alone_speaks(monkeypatch, capsys):
    from xmm_cli import app

    for rank, said in (("1", ""), ("0", "xmm score: missing.jsonl: No such file or directory\n")):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert app.main(["score", "missing.jsonl"]) == 66
        assert capsys.readouterr().err == said
