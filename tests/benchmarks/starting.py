"""Help: `xmm --help` and `xmm report --help` beside the bare import of what would draw them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row

HERE = "tests.benchmarks.starting"
IMPORT = "import typer, rich.console, rich.table, rich.panel"
TIMES = 5


def row(folder: Path) -> Row:
    """Whole processes, from start to end."""
    own = [sys.executable, "-m", "xmm_cli"]
    ways = {
        "help": [*own, "--help"],
        "report": [*own, "report", "--help"],
        "import": [sys.executable, "-c", IMPORT],
    }
    laps = run({name: Way(f"{HERE}:start", {"words": words}) for name, words in ways.items()})
    each = {name: 1000 * min(lap.cpu_s) / TIMES for name, lap in laps.items()}
    if "gen-personas" not in laps["help"].result or "--format" not in laps["report"].result:
        raise RuntimeError("no help was shown")
    bare = laps["import"].cpu_s
    return Row(
        "`xmm --help`, `xmm report --help`",
        f"{each['help']:.0f} ms, {each['report']:.0f} ms",
        f"{each['import']:.0f} ms",
        (
            Figure("of the time", ratio(laps["help"].cpu_s, bare), "≤", 1.0),
            Figure("and", ratio(laps["report"].cpu_s, bare), "≤", 1.0),
        ),
        "help was shown",
    )


def start(words: list[str]) -> Any:
    """The command, several times; what it says."""

    def work() -> str:
        for _ in range(TIMES):
            done = subprocess.run(words, capture_output=True, text=True, check=True)
        return done.stdout

    return work
