"""`xmm` as tests start it: the program at `xmm()`, which is first in `environment()`.

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


class Program:
    """The folder that the program is in, and the process that it asks to fork."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xmm-"))
        script = self.folder / "xmm"
        words = (sys.executable, "-I", "-S", HERE / "client.py", self.folder, INSTALLED)
        script.write_text("#!/bin/sh\nexec " + " ".join(f"'{one}'" for one in words) + ' "$@"\n')
        script.chmod(0o755)
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


program = cache(Program)
"""One for all tests of this process, from when the first needs it."""


def xmm() -> Path:
    """The program; where processes are not watched as on Linux, the installed one."""
    return program().folder / "xmm" if sys.platform == "linux" else INSTALLED


def environment() -> dict[str, str]:
    """This process's, in which `xmm` is that program."""
    return os.environ | {"PATH": os.pathsep.join([str(xmm().parent), installed()["PATH"]])}


def installed() -> dict[str, str]:
    """This process's environment, in which `xmm` is the installed one."""
    return os.environ | {"PATH": os.pathsep.join([str(INSTALLED.parent), os.environ["PATH"]])}


def close() -> None:
    """End the process that forks, if there is one."""
    if program.cache_info().currsize:
        program().close()
        program.cache_clear()
