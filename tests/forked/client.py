"""`xmm` for tests: the command runs in a fork of `server`, or, where a fork differs, as installed.

`start.Program` writes the script that runs `client.py FOLDER INSTALLED ARGUMENTS...`. The command
has the streams, the folder, the environment, the file mode mask and the limits of this process.
Signals are sent on to it, and this ends as it does.
"""

# ruff: noqa: PTH109, PTH115, PTH118, PTH123
# pathlib takes longer to import than all else here

import json
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

SOCKET, SERVER = "socket", "server.json"
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIMITS = (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU)
NAMESPACES = ("mnt", "net", "pid", "user")

READ_EARLY = (
    "PYTHON", "LD_", "LC_", "LANG", "HOME", "TMPDIR", "XDG_", "TZ", "HF_", "HUGGINGFACE", "CUDA",
    "TRANSFORMERS_", "TOKENIZERS_", "TORCH_", "MKL_", "KMP_", "OPENBLAS_NUM", "MPL",
)  # fmt: skip
"""How the names of variables begin that Python or a library reads only when it is loaded."""


def main(folder: str, installed: str, *argv: str) -> None:
    """Be the command."""
    request = {"argv": ["xmm", *argv]} | surroundings()
    with open(os.path.join(folder, SERVER)) as file:
        same = facts() == json.load(file)
    if not same or request["cwd"] is None:
        os.execv(installed, [installed, *argv])
    _end(_watch(folder, request))


def facts() -> dict[str, Any]:
    """What a fork takes over from the server, for better or worse."""
    early = {name: value for name, value in os.environ.items() if name.startswith(READ_EARLY)}
    spaces = [os.readlink(f"/proc/self/ns/{name}") for name in NAMESPACES]
    return {"environment": early, "namespaces": spaces, "user": [os.geteuid(), os.getegid()]}


def surroundings() -> dict[str, Any]:
    """What a process has from the one that started it; `cwd` is None where a fork cannot have it.

    That is so in a folder that was deleted, and where a stream is closed.
    """
    cwd: str | None = None
    with suppress(OSError):
        for descriptor in (0, 1, 2):
            os.fstat(descriptor)
        cwd = os.getcwd()
    mask = os.umask(0o77)
    os.umask(mask)
    return {
        "cwd": cwd,
        "env": dict(os.environ),
        "mask": mask,
        "limits": {limit: resource.getrlimit(limit) for limit in LIMITS},
        "ignored": [number for number in PASSED_ON if signal.getsignal(number) == signal.SIG_IGN],
    }


def ask(folder: str, request: dict[str, Any], streams: tuple[int, int, int]) -> "Forked":
    """Have a fork do it, with these descriptors as its streams."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(os.path.join(folder, SOCKET))
    socket.send_fds(connection, [json.dumps(request).encode()], streams)
    return Forked(connection)


class Forked:
    """A fork that runs a command. It is killed when this is closed, or its process ends."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pid = self._heard()

    def wait(self) -> int:
        """Its exit code; below zero, the signal that ended it."""
        code = self._heard()
        self.connection.close()
        return code

    def _heard(self) -> int:
        said = self.connection.recv(100)
        if not said:
            sys.exit("the server that forks xmm for tests has ended")
        return int(said)


def _watch(folder: str, request: dict[str, Any]) -> int:
    """Run it, and pass on to it the signals that come."""
    came: list[int] = []
    forked: Forked | None = None

    def pass_on(number: int, _: object) -> None:
        if forked is None:
            came.append(number)
        else:
            os.kill(forked.pid, number)

    for number in set(PASSED_ON) - set(request["ignored"]):
        signal.signal(number, pass_on)
    forked = ask(folder, request, (0, 1, 2))
    for number in came:
        os.kill(forked.pid, number)
    for descriptor in (0, 1, 2):  # or a reader would wait for the end of what no one writes
        os.close(descriptor)
    return forked.wait()


def _end(code: int) -> None:
    """End as the command did."""
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
