"""Signals in the middle of the work: the documented code, one line, no half file."""

import os
import signal
import subprocess
import time

import pytest

from tests.faults.harness import COMMANDS, PEOPLE, TAUGHT, TINY, Command
from tests.forked.start import INSTALLED, environment

ENDS = {
    signal.SIGINT: (130, "interrupted"),
    signal.SIGTERM: (143, "terminated"),
    signal.SIGHUP: (129, "hung up"),
}
FOREVER = (
    Command("gen-personas", ("gen-personas", "-n", "900", "--size", "256", "--out", "made")),
    Command("train", ("train", PEOPLE, *TINY, "--steps", "90000", "--out", "run"), ("people",)),
    Command(
        "unlearn",
        ("unlearn", TAUGHT, "--forget", "1", "--gate", "0", "--steps", "90000", "--out", "run"),
        ("people", TAUGHT),
    ),
    Command(
        "probe",
        ("probe", *[TAUGHT] * 300),
        ("people", TAUGHT),
    ),
)
AFTER_S = 0.7


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
@pytest.mark.parametrize("command", FOREVER, ids=lambda command: command.name)
def test_in_the_middle_of_the_work(trial, command, number):
    """As a terminal does it: the whole group gets it."""
    ended = trial.once(command, kill_after_s=AFTER_S, number=number, with_children=True)
    code, word = ENDS[number]
    assert (ended.code, ended.err) == (code, f"xmm {command.name}: {word}\n")
    assert [name for name in ended.files if name.endswith(".tmp")] == []
    assert "run/" not in ended.files
    assert ended.out == b"" or ended.out.endswith(b"\n")


@pytest.mark.parametrize("number", ENDS, ids=lambda number: number.name)
@pytest.mark.parametrize("name", ["score", "report"])
def test_while_waiting_for_rows(trial, tmp_path, name, number):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)  # or opening it to read would wait for a writer
    try:
        command = Command(name, (name,), stdin=str(pipe))
        ended = trial.once(command, kill_after_s=AFTER_S, number=number)
    finally:
        os.close(held)
    code, word = ENDS[number]
    assert (ended.code, ended.err, ended.out) == (code, f"xmm {name}: {word}\n", b"")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_nohup_is_obeyed(tmp_path, processes):
    words = ["nohup", str(INSTALLED), "gen-personas", "-q", "-n", "400", "--out", "made"]
    process = subprocess.Popen(
        [*words, "--views", "1", "--heldout", "0", "--size", "16", "--processes", processes],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env=environment(),
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob("made/images/*/*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGHUP)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.count(b'"kind":"persona"') == 400


def test_an_interrupt_is_obeyed_where_termination_is_ignored(tmp_path):
    """`trap '' TERM` in a script: the processes that draw are ended all the same."""

    def ignoring() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    process = subprocess.Popen(
        [str(INSTALLED), "gen-personas", "-n", "900", "--processes", "2", "--out", "made"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(),
        start_new_session=True,
        preexec_fn=ignoring,
    )
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob("made/images/*/*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"xmm gen-personas: interrupted\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_jq_that_finds_nothing_decides_the_code_of_the_pipe(trial, command):
    """`xmm … | jq -e` is about what stands in the rows: each of them is JSON."""
    ended = trial.once(command)
    done = subprocess.run(["jq", "-e", ".kind"], input=ended.out, capture_output=True, check=False)
    assert (ended.code, done.returncode) == (0, 0)
    assert done.stdout.count(b"\n") == ended.out.count(b"\n")
