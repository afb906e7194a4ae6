"""`xmm score` and `xmm report` on many probe rows, beside the bare DuckDB query of the same file.

    python -m tests.benchmarks.engine [--rounds 3] [ROWS...]      1000000 10000000 if none is given

All are processes of their own, take turns, and have one core and one thread. The bare query
averages right answers by source, modality and person. CPU seconds are user and system time of a
whole process, its start included; on a shared machine only these compare. A first round, over few
rows, is not counted: in it Python compiles the modules, as pip does when it installs xmm. Resamples
are the usual 9,999.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

from tests.benchmarks.rows import main as write_rows

BARE = """
import sys, duckdb
columns = dict.fromkeys(("kind", "source", "modality", "persona"), "VARCHAR")
columns["correct"] = "BOOLEAN"
rows = f"read_json(?, format = 'newline_delimited', columns = {columns})"
query = f"SELECT source, modality, persona, count(*), avg(correct::INT) FROM {rows} " \\
    "WHERE kind = 'probe' GROUP BY ALL"
print(len(duckdb.connect(config={"threads": 1}).execute(query, [sys.argv[1]]).fetchall()))
"""
FEW = 1000
XMM = [sys.executable, "-m", "xmm_cli"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def spent(command: list[str], compiled: Path, stdin: Path | None = None) -> tuple[float, float]:
    """CPU seconds of a process, and its peak memory in MiB."""
    environment = os.environ | ONE_THREAD | {"PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as out:
        if stdin is None:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        else:
            with subprocess.Popen(["cat", str(stdin)], stdout=subprocess.PIPE) as pipe:
                process = subprocess.Popen(
                    command, stdin=pipe.stdout, stdout=out, stderr=out, env=environment
                )
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed with {status}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print a line for each command and number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    given = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        taken(written(folder, FEW), 1, folder / "compiled")
        for rows in given.rows:
            file = written(folder, rows)
            print(f"{rows:,} rows, {file.stat().st_size / 1e6:,.0f} MB, {given.rounds} rounds")
            show(taken(file, given.rounds, folder / "compiled"))
            file.unlink()


def written(folder: Path, rows: int) -> Path:
    """A file of so many rows."""
    file = folder / f"{rows}.jsonl"
    with file.open("w") as lines, redirect_stdout(lines):
        write_rows(rows)
    return file


def taken(file: Path, rounds: int, compiled: Path) -> dict[str, list[tuple[float, float]]]:
    """What all commands took of one file, in turn."""
    commands: dict[str, tuple[list[str], Path | None]] = {
        "bare query": ([sys.executable, "-c", BARE, str(file)], None),
        "xmm score": ([*XMM, "score", str(file), "--quiet"], None),
        "xmm report": ([*XMM, "report", str(file), "--quiet"], None),
        "cat | xmm score": ([*XMM, "score", "--quiet"], file),
    }
    used: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, stdin) in commands.items():
            used[name].append(spent(command, compiled, stdin))
    return used


def show(taken: dict[str, list[tuple[float, float]]]) -> None:
    """Print a line for each command."""
    for name, used in taken.items():
        ratios = [own[0] / bare[0] for own, bare in zip(used, taken["bare query"], strict=True)]
        print(
            f"  {name:16} {statistics.median(cpu for cpu, _ in used):6.2f} s CPU, "
            f"{statistics.median(ratios):.2f} times the bare query "
            f"[{min(ratios):.2f}-{max(ratios):.2f}], "
            f"{max(memory for _, memory in used):,.0f} MiB at most",
            flush=True,
        )


if __name__ == "__main__":
    main()
