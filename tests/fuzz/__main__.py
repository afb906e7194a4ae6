"""The long form: `python -m tests.fuzz --cases 100000`.

Prints a table; every failing case is told with the numbers that make it again (`--only TARGET
--first N --cases 1`). Ends with 1 if there was one, or if the memory grew too much.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from tests.fuzz import engine, targets


def main() -> int:
    """Run the cases, tell what failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=60, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=[target.__name__ for target in targets.TARGETS])
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    targets.ready()
    before, start = engine.peak_mib(), time.monotonic()
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    slowest: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for target, number in _cases(given.only, given.first, given.cases):
            name, began = target.__name__, time.monotonic()
            if began - start > 60 * given.minutes:
                break
            done[name] += 1
            try:
                refused[name] += engine.run(target, given.seed, number, Path(folder))
            except engine.Failed as failure:
                failed[name] += 1
                if failed[name] <= 20:
                    print(str(failure)[:600], file=sys.stderr, flush=True)
            slowest[name] = max(slowest[name], round(1000 * (time.monotonic() - began)))
    grown = engine.peak_mib() - before
    for name in ("target", *done):
        row = [c[name] for c in (done, refused, failed, slowest)]
        print(f"{name:<16}", *(f"{one:>12}" for one in (row if name in done else HEAD)))
    print(
        f"{done.total()} cases, {failed.total()} failed, {time.monotonic() - start:.0f} s, ", end=""
    )
    print(f"memory grew by {grown:.0f} MiB (bound {engine.GROWTH_MIB})")
    return int(failed.total() > 0 or grown > engine.GROWTH_MIB)


HEAD = ("cases", "refused", "failed", "slowest (ms)")


def _cases(only: str | None, first: int, cases: int):  # type: ignore[no-untyped-def]
    """What to run, in turn."""
    if only is None:
        yield from engine.in_turn(cases)
        return
    target = next(one for one in targets.TARGETS if one.__name__ == only)
    for number in range(first, first + cases):
        yield target, number


if __name__ == "__main__":
    sys.exit(main())
