"""A SLURM of two nodes on this machine, each of one CPU, with daemons and keys of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NODES = ("n1", "n2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "srun", "sbatch")
LONGEST_START_S = 60

CONF = """\
ClusterName=xmm
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={at}/munge.sock
SlurmctldPort={ports[0]}
SlurmctldPidFile={at}/slurmctld.pid
SlurmctldLogFile={at}/slurmctld.log
SlurmdPidFile={at}/%n.pid
SlurmdLogFile={at}/%n.log
SlurmdSpoolDir={at}/%n
StateSaveLocation={at}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
SlurmdTimeout=10
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES State=UP
"""


class Cluster:
    """Where its files are, and what a command needs to reach it."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.environment = {"SLURM_CONF": str(at / "slurm.conf")}

    def call(self, *words: str) -> str:
        environment = os.environ | self.environment
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def states(self) -> dict[str, str]:
        lines = self.call("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines()
        return dict(line.split() for line in lines)

    def begin(self) -> None:
        key = self.at / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        named = {"key-file": "key", "socket": "sock", "pid-file": "pid", "log-file": "log"}
        files = [f"--{name}={self.at}/munge.{end}" for name, end in named.items()]
        self.call("munged", "--force", *files, f"--seed-file={self.at}/munge.seed")
        (self.at / "slurm.conf").write_text(
            CONF.format(at=self.at, ports=free_ports(3), host=socket.gethostname())
        )
        for folder in ("state", *NODES):
            (self.at / folder).mkdir()
        self.call("slurmctld")
        for node in NODES:
            self.call("slurmd", "-N", node)
        self.wait_until(lambda: set(self.states().values()) == {"idle"})

    def wait_until(self, there: Callable[[], bool], longest_s: float = LONGEST_START_S) -> None:
        end = time.monotonic() + longest_s
        while not there():
            assert time.monotonic() < end, self.states()
            time.sleep(0.2)

    def processes(self, node: str) -> list[int]:
        """What runs in jobs on a node, and what started it there."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                own = f"SLURM_CONF={self.at}/slurm.conf".encode() in environment
                if own and f"SLURMD_NODENAME={node}".encode() in environment:
                    parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                    found += [int(folder.name), parent]
        return found

    def kill(self, node: str) -> None:
        """The node is gone, with all that runs on it."""
        daemon = int((self.at / f"{node}.pid").read_text())
        jobs = [pid for pid in self.processes(node) if pid > 1]
        for pid in dict.fromkeys([daemon, *jobs]):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        for name in (*NODES, "slurmctld", "munge"):
            with suppress(OSError, ValueError):
                os.kill(int((self.at / f"{name}.pid").read_text()), signal.SIGTERM)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def cluster(at: Path) -> Iterator[Cluster]:
    made = Cluster(at)
    try:
        made.begin()
        yield made
    finally:
        made.end()
