"""The examples with GNU parallel over ssh, to two servers of ssh on this machine: Debian's packages
`parallel` and `openssh-server`."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.forked.start import environment

from .slurm import free_ports

EXAMPLES = Path(__file__).parents[2] / "examples"
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
SMALL = {
    "VIRTUAL_ENV": sys.prefix,
    "PEOPLE": "2",
    "STEPS": "2",
    "VIEWS": "1 2",
    "SEEDS": "0",
    "OMP_NUM_THREADS": "1",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or SSHD is None or shutil.which("parallel") is None,
        reason="as root, after apt-get install parallel openssh-server",
    ),
]

SETTINGS = """\
ListenAddress 127.0.0.1
HostKey {at}/host
AuthorizedKeysFile {at}/own.pub
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
LogLevel VERBOSE
"""
LOGIN = """\
#!/bin/sh
exec ssh -i {at}/own -o UserKnownHostsFile={at}/known -o StrictHostKeyChecking=no \
    -o LogLevel=ERROR "$@"
"""


class Machines(NamedTuple):
    """Two servers that answer, and a port at which none does."""

    at: Path
    ports: list[int]
    dead: int

    def launch(self, ports: list[int], *options: str) -> str:
        logins = ",".join(f"2/127.0.0.1:{port}" for port in ports)
        return " ".join(["parallel", "--ssh", f"{self.at}/login", "--sshlogin", logins, *options])

    def commands_at(self, port: int) -> int:
        log = (self.at / f"{port}.log").read_text()
        return log.count("Starting session: command")


@pytest.fixture(scope="module")
def machines(tmp_path_factory) -> Iterator[Machines]:
    at = tmp_path_factory.mktemp("ssh")
    for name in ("host", "own"):
        call = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(at / name)]
        subprocess.run(call, check=True)
    (at / "sshd.conf").write_text(SETTINGS.format(at=at))
    (at / "login").write_text(LOGIN.format(at=at))
    (at / "login").chmod(0o755)
    Path("/run/sshd").mkdir(exist_ok=True)
    *ports, dead = free_ports(3)
    servers = [serve(at, port) for port in ports]
    try:
        for port in ports:
            wait_for_login([str(at / "login"), "-p", str(port), "127.0.0.1", "true"])
        yield Machines(at, ports, dead)
    finally:
        for server in servers:
            server.terminate()
            server.wait(10)


def serve(at: Path, port: int) -> subprocess.Popen[bytes]:
    with (at / f"{port}.log").open("wb") as log:
        call = [str(SSHD), "-D", "-e", "-f", str(at / "sshd.conf"), "-p", str(port)]
        return subprocess.Popen(call, stderr=log)


def wait_for_login(call: list[str], longest_s: float = 30) -> None:
    end = time.monotonic() + longest_s
    while subprocess.run(call, capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < end, call
        time.sleep(0.2)


def sweep(out: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """`examples/sweep.sh`, whose folder has a blank and a quote in its name."""
    out.parent.mkdir(exist_ok=True)
    return subprocess.run(
        [str(EXAMPLES / "sweep.sh"), out.name],
        cwd=out.parent,
        env=environment() | SMALL | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def rows(out: Path) -> list[str]:
    """All rows but the `run` rows, which have times."""
    lines = (out / "probes.jsonl").read_text().splitlines()
    return [line for line in lines if json.loads(line)["kind"] != "run"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> list[str]:
    """The rows of a sweep on this machine alone."""
    out = tmp_path_factory.mktemp("plain") / "it's out"
    done = sweep(out)
    assert done.returncode == 0, done.stderr
    return rows(out)


def test_jobs_are_shared_out_and_give_the_rows_of_one_machine(machines, plain, tmp_path):
    before = [machines.commands_at(port) for port in machines.ports]
    done = sweep(tmp_path / "it's out", XMM_LAUNCH=machines.launch(machines.ports))
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "it's out") == plain
    after = [machines.commands_at(port) for port in machines.ports]
    assert sorted(now - then for now, then in zip(after, before, strict=True)) == [2, 2]


def test_what_a_dead_machine_left_is_done_by_the_same_command(machines, plain, tmp_path):
    out = tmp_path / "it's out"
    half = [machines.ports[0], machines.dead]
    done = sweep(out, XMM_LAUNCH=machines.launch(half))
    assert done.returncode != 0
    assert "Connection refused" in done.stderr
    assert not (out / "probes.jsonl").exists()
    done = sweep(out, XMM_LAUNCH=machines.launch(half, "--retries", "2"))
    assert done.returncode == 0, done.stderr
    assert rows(out) == plain
