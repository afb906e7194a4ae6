"""`examples/quickstart.sh` as a new user runs it, whole, where xmm is installed."""

import os
import subprocess
import time
from pathlib import Path

from tests.benchmarks.race import Ratio
from tests.benchmarks.row import Figure, Row

SCRIPT = Path(__file__).parents[2] / "examples" / "quickstart.sh"


def row(folder: Path) -> Row:
    """Wall clock, once: drawing, two trainings, probing and the table, on all cores."""
    free = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    began = time.perf_counter()
    done = subprocess.run(
        [SCRIPT, folder / "results"], env=free, capture_output=True, text=True, check=True
    )
    minutes = (time.perf_counter() - began) / 60
    if "transfer gap" not in done.stdout:
        raise RuntimeError("no table came out")
    return Row(
        "quickstart, whole, after installation",
        f"{60 * minutes:.0f} s",
        "–",
        (Figure("minutes", Ratio(minutes, minutes, minutes), "≤", 3.0),),
        "a table comes out",
    )
