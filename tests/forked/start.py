"""`xmm` as tests start it: the one program that stands in `folder()`.

It does what the installed one does, in a fork of a process that has imported everything. Tests of
how `xmm` itself starts use `INSTALLED`.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.forked import client

INSTALLED = Path(sys.executable).parent / "xmm"
HERE = Path(__file__).parent


class Server:
    """The process that forks, and the folder of the program that asks it to."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xmm-"))
        program = self.folder / "xmm"
        words = (sys.executable, "-I", "-S", HERE / "client.py", self.folder, INSTALLED)
        program.write_text("#!/bin/sh\nexec " + " ".join(f"'{one}'" for one in words) + ' "$@"\n')
        program.chmod(0o755)
        (self.folder / client.SERVER).write_text(json.dumps(client.facts()))
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            door.bind(str(self.folder / client.SOCKET))
            door.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, HERE / "server.py", str(door.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=60)
        shutil.rmtree(self.folder)


server = cache(Server)
"""One for all tests of this process, from when the first needs it."""


def xmm() -> Path:
    """The program."""
    return server().folder / "xmm"


def environment() -> dict[str, str]:
    """This process's, in which `xmm` is that program."""
    return os.environ | {"PATH": os.pathsep.join([str(xmm().parent), installed()["PATH"]])}


def installed() -> dict[str, str]:
    """This process's environment, in which `xmm` is the installed one."""
    return os.environ | {"PATH": os.pathsep.join([str(INSTALLED.parent), os.environ["PATH"]])}


def close() -> None:
    """End the server, if there is one."""
    if server.cache_info().currsize:
        server().close()
        server.cache_clear()
