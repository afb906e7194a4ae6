"""What models need to run on: a Python with docstrings, and one GPU of several by its number."""

import os
import re
import sys
from collections.abc import Mapping

from xmm_cli import processes
from xmm_cli.errors import Unavailable, WrongUsage

VISIBLE = "CUDA_VISIBLE_DEVICES"
_NUMBERED = re.compile(r"cuda:(\d{1,4})")


def check_python() -> None:
    """Refuse a Python that drops docstrings: transformers reads its own. Raises `Unavailable`."""
    if sys.flags.optimize > 1:
        raise Unavailable(
            "models do not load under python -OO: transformers reads its docstrings",
            "leave -OO and PYTHONOPTIMIZE=2 out; -O is fine",
        )


def check_device(device: str | None) -> None:
    """Refuse one GPU for several processes. Raises `WrongUsage`."""
    if processes.count() > 1 and _NUMBERED.fullmatch(device or ""):
        raise WrongUsage(
            f"--device {device} with {processes.count()} processes", "each takes a GPU: give cuda"
        )


def take(device: str | None) -> str | None:
    """Let this process see no other GPU than the one it is to use; the device from there on.

    The Trainer computes on the first GPU that it sees. To be called before CUDA is.
    """
    found, changed = alone(device, os.environ)
    os.environ.update(changed)
    return found


def alone(device: str | None, environment: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """`cuda`, and what in the environment makes the numbered GPU the only one that is seen.

    Anything else, a number that none of the visible ones has too, stays as it is.
    """
    numbered = _NUMBERED.fullmatch(device or "")
    if numbered is None:
        return device, {}
    number, seen = int(numbered[1]), environment.get(VISIBLE)
    if seen is None:
        return "cuda", {VISIBLE: str(number)}
    visible = [one.strip() for one in seen.split(",")]
    if number >= len(visible) or not visible[number]:
        return device, {}
    return "cuda", {VISIBLE: visible[number]}
