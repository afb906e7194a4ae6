"""A fork is as good as the installed program, and is not used where it could not be."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.forked import client, start
from xmm_cli.app import EVERY

WAITS_S = 60
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are made on Linux alone")


@pytest.fixture
def server_knows(tmp_path) -> Path:
    """A folder like the server's without a server: what is forked fails here."""
    (tmp_path / client.SERVER).write_text((start.program().folder / client.SERVER).read_text())
    return tmp_path


def both(line: str, cwd: Path) -> list[tuple[int, bytes, bytes]]:
    """What a line of a shell does with the fork, and with the installed one."""
    ended = [
        subprocess.run(["bash", "-c", line], cwd=cwd, env=env, capture_output=True, check=False)
        for env in (start.environment(), start.installed())
    ]
    return [(done.returncode, done.stdout, done.stderr) for done in ended]


@pytest.mark.parametrize(
    "line",
    [
        "xmm",
        "xmm --version",
        "COLUMNS=60 xmm probe --help",
        "xmm nothing",
        "umask 077; xmm gen-personas -q -n 1 --out $$ | grep -c persona; stat -c %a $$",
        "ulimit -f 1; xmm gen-personas -q -n 2 --seed 1 --out small",
        "printf '{\"kind\": 3}' | xmm score",
        "xmm score <&-",
        "xmm help rows --json | head -c 10",
    ],
)
def test_both_say_the_same(tmp_path, line):
    fork, installed = both(line, tmp_path)
    assert fork == installed


def test_it_is_a_fork(server_knows):
    """Where no server listens, it ends with a word of its own; else it starts the installed one."""
    program = server_knows / "xmm"
    script = start.xmm().read_text()
    program.write_text(script.replace(str(start.program().folder), str(server_knows)))

    def ends(**more: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", program, "--version"], env=start.environment() | more, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    assert ends() == (1, "")
    assert ends(HF_HOME="/elsewhere")[0] == 0
    assert ends(PYTHONIOENCODING="latin-1")[0] == 0
    assert ends(XMM_DEVICE="cpu", OMP_NUM_THREADS="1")[0] == 1


@pytest.mark.parametrize("command", EVERY)
def test_each_command_is_there(command):
    """Through the installed script, without anything that a fork has."""
    words = [start.INSTALLED, command, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"Usage: xmm {command}")


def waiting(tmp_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A command that waits for rows, and the number of the process that does."""
    before = children()
    process = subprocess.Popen(
        [start.xmm(), "score"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    until(lambda: children() > before)
    (pid,) = children() - before
    until(lambda: handled(pid))
    return process, pid


def children() -> set[int]:
    """The forks that are running."""
    server = start.program().pid
    return {
        int(word) for word in Path(f"/proc/{server}/task/{server}/children").read_text().split()
    }


def handled(pid: int) -> bool:
    """Whether `xmm` has taken over SIGTERM there."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def until(true) -> None:
    deadline = time.monotonic() + WAITS_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
def test_a_signal_reaches_the_command(tmp_path, number, code):
    process, pid = waiting(tmp_path)
    process.send_signal(number)
    assert process.wait(WAITS_S) == code
    until(lambda: pid not in children())


def test_a_command_that_is_killed_ends_its_program(tmp_path):
    process, pid = waiting(tmp_path)
    os.kill(pid, signal.SIGKILL)
    assert process.wait(WAITS_S) == -signal.SIGKILL


def test_a_knob_that_is_none_is_no_silent_success(tmp_path):
    request = client.surroundings() | {"argv": ["xmm", "--version"], "cwd": str(tmp_path)}
    request["knobs"] = {"xmm_cli.training.run.loop": {"_NO_SUCH": 1}}
    with (tmp_path / "said").open("wb") as said:
        streams = (said.fileno(),) * 3
        forked = client.ask(str(start.program().folder), request, streams)
        assert forked.wait() == 1
    assert "no _NO_SUCH" in (tmp_path / "said").read_text()
