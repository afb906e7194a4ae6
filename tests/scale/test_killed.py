"""Killed at any moment, the same command again ends with what an uninterrupted run leaves."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scale.conftest import environment

KILLS = 3
WEIGHTS = "adapter_model.safetensors"


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "tests.scale.killed", *[str(one) for one in arguments], "-q"]


def to_the_end(*arguments: object, cwd: Path) -> bytes:
    done = subprocess.run(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=cwd,
        env=environment(),
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def kill_now_and_then(*arguments: object, cwd: Path, sign: Path, seed: int, within_s: float) -> int:
    """Start it and kill it, by turns with SIGKILL and SIGTERM, some time after `sign` is there."""
    rng, killed = random.Random(seed), 0
    for number in range(KILLS):
        run = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=cwd,
            env=environment(),
        )
        until = time.monotonic() + 300
        while run.poll() is None and not sign.exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, within_s))
        if run.poll() is None:
            run.send_signal((signal.SIGKILL, signal.SIGTERM)[number % 2])
            killed += 1
        run.wait()
    return killed


def folder_of(out: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "personas.jsonl"  # paths of pictures differ by place
    }


@pytest.mark.slow
@pytest.mark.parametrize("method", ["memorize", "pdu", "mmunlearner"])
def test_training_and_unlearning(checkpoint, tmp_path, method):
    if method == "memorize":
        made = ("train", checkpoint.personas, "--steps", 30)
    else:
        made = ("unlearn", checkpoint.path, "--method", method, "--forget", "1", "--gate", "0")
        made = (*made, "--steps", 30)
    made = (*made, "--batch-size", 4, "--save-every", 7)
    rows = to_the_end(*made, "--out", "whole", cwd=tmp_path)
    broken = (*made, "--out", "broken")
    run = [row for row in rows.splitlines() if b'"checkpoint"' in row][-1].split(b'"run":"')[1]
    sign = tmp_path / f".broken.{run[:12].decode()}.partial"
    assert kill_now_and_then(*broken, cwd=tmp_path, sign=sign, seed=1, within_s=9)
    to_the_end(*broken, cwd=tmp_path)
    whole, again = folder_of(tmp_path / "whole"), folder_of(tmp_path / "broken")
    assert f"steps/0028/{WEIGHTS}" in whole
    assert sorted(whole) == sorted(again)
    for name, data in whole.items():
        assert again[name] == data, name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "whole"]


@pytest.mark.slow
def test_probing(checkpoint, tmp_path):
    made = ("probe", checkpoint.path, "--batch-size", 1, "--untrained")
    rows = to_the_end(*made, cwd=tmp_path)
    log = tmp_path / "log.jsonl"
    broken = (*made, "--resume", log)
    assert kill_now_and_then(*broken, cwd=tmp_path, sign=log, seed=2, within_s=25)
    to_the_end(*broken, cwd=tmp_path)
    assert log.read_bytes().splitlines()[:-1] == rows.splitlines()[:-1]
    assert len(rows.splitlines()) == 33
