"""A process that has imported everything, and forks one `xmm` for each request of `client`.

Importing torch, transformers and peft takes seconds of CPU; most commands of tests take less. The
process computes nothing in several threads before it forks: what waits for threads that a fork does
not have would wait for ever.

`server.py DESCRIPTOR`: of a socket that listens. It ends with its stdin.
"""

import atexit
import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

HEAVY = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "datasets",
    "duckdb",
    "pydantic",
    "python_avatars",
    "resvg_py",
    "scipy.stats",
    "statsmodels.stats.multitest",
    "PIL.ImageFilter",
    "PIL.ImageStat",
    "transformers.trainer",
    "typer._adapters",
)
LEFT_OUT = ("__main__", "xmm_cli.pretraining")
LONGEST_REQUEST = 1 << 20


def main(descriptor: int) -> None:
    """Answer requests; a fork comes back from `serve` with its own, and becomes the command."""
    _load()
    with socket.socket(fileno=descriptor) as door:
        request = serve(door)
    os._exit(0 if request is None else run(request))  # what was loaded says much when it is let go


def _load() -> None:
    """Import what commands import, and load a model once, in one thread."""
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # as `xmm` does
    for name in HEAVY:
        import_module(name)
    for module in walk_packages(import_module("xmm_cli").__path__, "xmm_cli."):
        if not any(part in module.name for part in LEFT_OUT):
            import_module(module.name)
    import_module("torch").set_num_threads(1)
    import_module("xmm_cli.models.loading").load_base("xmm-base-xs", "cpu")
    gc.collect()
    gc.freeze()  # or a collection in a fork would copy all of it
    if threading.active_count() > 1:
        raise RuntimeError(f"threads do not live on in a fork: {threading.enumerate()}")


def serve(door: socket.socket) -> dict[str, Any] | None:
    """Fork for each request until stdin ends; in a fork, give the request."""
    server = Server(door)
    try:
        while 0 in server.waiting.get_map():
            key, _ = server.waiting.select()[0]  # the others come again, unless it closes them
            request = key.data(key.fileobj)
            if request is not None:
                return request
        return None
    finally:
        server.close()


class Server:
    """What it waits for, each with what is done then."""

    def __init__(self, door: socket.socket) -> None:
        self.waiting = selectors.DefaultSelector()
        self.running: dict[int, tuple[int, socket.socket]] = {}
        """By descriptor of a process: its number, and who asked for it."""
        self.waiting.register(0, selectors.EVENT_READ, self._end)
        self.waiting.register(door, selectors.EVENT_READ, self._fork)

    def _fork(self, door: socket.socket) -> dict[str, Any] | None:
        asker, _ = door.accept()
        said, streams, _, _ = socket.recv_fds(asker, LONGEST_REQUEST, 3)
        pid = os.fork() if said else None
        if pid == 0:
            for descriptor, stream in enumerate(streams):
                os.dup2(stream, descriptor)
                os.close(stream)
            asker.close()
            return dict(json.loads(said))
        for stream in streams:
            os.close(stream)
        if pid is None:
            asker.close()
            return None
        process = os.pidfd_open(pid)
        self.running[process] = pid, asker
        self.waiting.register(process, selectors.EVENT_READ, self._report)
        self.waiting.register(asker, selectors.EVENT_READ, self._kill)
        _tell(asker, pid)
        return None

    def _report(self, process: int) -> None:
        """A command has ended."""
        pid, asker = self.running.pop(process)
        self.waiting.unregister(process)
        os.close(process)
        _, status = os.waitpid(pid, 0)
        _tell(asker, os.waitstatus_to_exitcode(status))
        if asker in self.waiting.get_map():
            self.waiting.unregister(asker)
        asker.close()

    def _kill(self, gone: socket.socket) -> None:
        """Who asked for a command was killed, and so it is killed, too."""
        self.waiting.unregister(gone)
        pids = [pid for pid, asker in self.running.values() if asker is gone]
        os.kill(pids[0], signal.SIGKILL)

    def _end(self, stdin: int) -> None:
        self.waiting.unregister(stdin)
        for pid, _ in self.running.values():
            os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of all descriptors."""
        self.waiting.close()
        for process, (_, asker) in self.running.items():
            os.close(process)
            asker.close()


def _tell(asker: socket.socket, number: int) -> None:
    with suppress(BrokenPipeError):  # it was killed meanwhile
        asker.send(str(number).encode())


def run(request: dict[str, Any]) -> int:
    """Be the command, as far as that is possible without a new program, and give its code."""
    _become(request)
    try:
        code = int(import_module("xmm_cli.app").main())
        threading._shutdown()  # type: ignore[attr-defined]
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120  # as Python does it
    return code


def _become(request: dict[str, Any]) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):  # this process may have been told to ignore them
        signal.signal(number, signal.SIG_DFL)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    for limit, values in request["limits"].items():
        resource.setrlimit(int(limit), values)
    os.umask(request["mask"])
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = request["argv"]
    threads = os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0))
    import_module("torch").set_num_threads(int(threads))
    for place, values in request.get("knobs", {}).items():
        for name, value in values.items():
            if not hasattr(import_module(place), name):
                raise AttributeError(f"{place} has no {name}")
            setattr(import_module(place), name, value)


if __name__ == "__main__":
    main(int(sys.argv[1]))
