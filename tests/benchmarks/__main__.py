"""Run the benchmarks that are named, or all; the table goes to stdout, notes to stderr."""

import argparse
import os
import platform
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.benchmarks.row import Row, table

ROWS = {
    "finetune": "finetune:shipped",
    "finetune-gemma": "finetune:gemma",
    "generate": "generating:row",
    "rank": "ranking:shipped",
    "rank-256": "ranking:many_tokens",
    "contenders": "contenders:row",
    "unlearn": "unlearning:row",
    "unlearn-step": "unlearn_step:row",
    "draw": "drawing:row",
    "help": "starting:row",
    "first-row": "first_row:row",
    "quickstart": "quickstart:row",
}
"""Name → module and function, which is given a scratch folder and returns a `Row`."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(ROWS)}")
    names = parser.parse_args().names or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; known: {', '.join(ROWS)}")
    found = []
    with tempfile.TemporaryDirectory(prefix="xmm-benchmarks-") as folder:
        for name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            module, _, function = ROWS[name].partition(":")
            scratch = Path(folder) / name
            scratch.mkdir()
            row: Row = getattr(import_module(f"tests.benchmarks.{module}"), function)(scratch)
            print(f"  {'; '.join(map(str, row.figures))}", file=sys.stderr, flush=True)
            for note in row.notes:
                print(f"  {note}", file=sys.stderr, flush=True)
            found.append(row)
    print(table(found))
    load = os.getloadavg()[1] if hasattr(os, "getloadavg") else 0.0
    print(
        f"\nOn {os.cpu_count()} cores ({platform.machine()}, Python {platform.python_version()}), "
        f"one thread each unless told; mean load of the last five minutes {load:.1f}. "
        "Ratios are medians of alternating rounds, with their lowest and highest."
    )


if __name__ == "__main__":
    main()
