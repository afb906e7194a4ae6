"""Running cases: number N of seed S is always the same case."""

import random
import resource
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target
from tests.fuzz.watch import watched
from xmm_cli.errors import XmmError

GROWTH_MIB = 1024
"""How much the memory of the process may grow over all cases: a large picture is the most."""


class Failed(AssertionError):
    """A case that did more than raise an `XmmError`."""


def run(target: Target, seed: int, number: int, folder: Path) -> bool:
    """One case, in a new folder below `folder`; whether the input was refused.

    Raises `Failed`.
    """
    rng = random.Random(f"{seed}: {target.__name__} {number}")
    home = folder / "case"
    home.mkdir()
    try:
        with watched(home):
            target(rng, home)
    except XmmError:
        return True
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise Failed(f"seed {seed}, target {target.__name__}, case {number}: {what}") from error
    finally:
        shutil.rmtree(home)
    return False


def in_turn(cases: int) -> Iterator[tuple[Target, int]]:
    """Targets by their weights, and the number of each one's case."""
    seen: Counter[Target] = Counter()
    rng = random.Random(0)
    for _ in range(cases):
        (target,) = rng.choices(list(TARGETS), list(TARGETS.values()))
        yield target, seen[target]
        seen[target] += 1


def peak_mib() -> float:
    """The most memory that this process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
