"""A process that has imported everything, and forks one `xmm` for each request.

Importing torch takes seconds, and a kill while that goes on tells nothing: nothing is written yet.
So the kills here fall into the work itself. A request is a line of JSON, the answer too:

    {"argv", "cwd", "stdin", "stdout", "stderr", "kill_after_s", "signal", "with_children",
     "wait_for_children", "loop", "file_bytes"}
    {"code", "elapsed_s"}       a code below zero is the signal that ended it

Run as `python -m tests.faults.zygote`; it ends with its stdin.
"""

import json
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

HEAVY = (
    "torch",
    "transformers",
    "peft",
    "scipy.stats",
    "PIL.Image",
    "resvg_py",
    "python_avatars",
    "xmm_cli.training.train",
    "xmm_cli.training.unlearn",
    "xmm_cli.probing.probe",
    "xmm_cli.scoring",
    "xmm_cli.personas.dataset",
    "xmm_cli.commands.train",
    "xmm_cli.commands.unlearn",
    "xmm_cli.commands.probe",
    "xmm_cli.commands.score",
)
GROUP_ENDS_WITHIN_S = 30.0


def main() -> None:
    """Answer requests until stdin ends."""
    for name in HEAVY:
        import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, float]:
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(request)
    ended = os.pidfd_open(child)
    wait_s = request.get("kill_after_s")
    if wait_s is not None and not select.select([ended], [], [], wait_s)[0]:
        # its helpers live on for a moment unless they are killed too: both happen to users
        number = request.get("signal", signal.SIGKILL)
        with suppress(ProcessLookupError):  # it has no group of its own yet
            (os.killpg if request.get("with_children") else os.kill)(child, number)
    _, status = os.waitpid(child, 0)
    os.close(ended)
    elapsed_s = time.monotonic() - start
    if request.get("wait_for_children"):
        _wait_for_group(child)
    return {"code": os.waitstatus_to_exitcode(status), "elapsed_s": elapsed_s}


def _wait_for_group(group: int) -> None:
    """Until no process of it is left; what is not by then is killed."""
    deadline = time.monotonic() + GROUP_ENDS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.killpg(group, signal.SIGKILL)


def _become(request: dict[str, Any]) -> None:
    """Be the command, as far as that is possible without a new program; never returns."""
    code = 70
    try:
        os.setpgid(0, 0)
        os.chdir(request["cwd"])
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(request.get("stdin") or os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(request["stdout"], flags, 0o644), 1)
        os.dup2(os.open(request["stderr"], flags, 0o644), 2)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        if "file_bytes" in request:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"], -1))
        loop = import_module("xmm_cli.training.run.loop")
        for knob, value in request.get("loop", {}).items():
            if not hasattr(loop, knob):
                raise AttributeError(f"the training loop's {knob} has another name")
            setattr(loop, knob, value)
        code = import_module("xmm_cli.app").main(request["argv"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
