"""`xmm report` on a million probe rows, beside the bare DuckDB query for the same numbers.

    python -m tests.benchmarks.report_rows [ROWS [ROUNDS]]

Both are processes of their own and take turns, so that what else the machine does hits both. The
bare query counts, for each person, cell and checkpoint, questions and right answers, generated and
ranked, with explicit column types and each question once. `xmm report` then scores and draws the
table, at 100 resamples, the least. A second bare query counts repeated questions twice: less than
what a report needs, for comparison. CPU seconds are user and system time of a whole process; on a
shared machine only these compare. A first round is not counted: in it Python compiles the modules,
as pip does when it installs xmm.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CELLS = [(source, modality) for source in ("image", "text") for modality in ("image", "text")]
CONDITIONS, VIEWS = 4, 60
STRINGS = (
    "kind", "checkpoint", "base", "source", "modality", "task", "persona", "role", "set", "split",
    "question", "expected", "condition",
)  # fmt: skip
WHOLE = ("hops", "view", "rank", "candidates")
COLUMNS = {
    **dict.fromkeys(STRINGS, "VARCHAR"), **dict.fromkeys(WHOLE, "BIGINT"), "correct": "BOOLEAN",
}  # fmt: skip
KEYS = 'checkpoint, base, source, modality, task, hops, persona, role, "set", split, condition'
READ = "read_json('{file}', format = 'newline_delimited', columns = {columns})"
ONCE = f"""SELECT {KEYS}, candidates, count(c), sum(c::INT), count(r), sum((r = 1)::INT) FROM (
    SELECT {KEYS}, candidates, "view", question, expected, last(correct) c, last("rank") r
    FROM {READ} WHERE kind = 'probe' GROUP BY ALL) GROUP BY ALL"""
TWICE = f"""SELECT {KEYS}, candidates, count(correct), sum(correct::INT), count("rank"),
    sum(("rank" = 1)::INT) FROM {READ} WHERE kind = 'probe' GROUP BY ALL"""
XMM = [sys.executable, "-m", "xmm_cli"]
BARE = "import sys, duckdb; print(len(duckdb.sql(sys.argv[1]).fetchall()))"


def write_rows(file: Path, rows: int) -> int:
    """Rows as `xmm probe` writes them; how many."""
    chosen = random.Random(0)
    persons = max(1, rows // (len(CELLS) * CONDITIONS * VIEWS))
    with file.open("w") as lines:
        for condition in range(CONDITIONS):
            for source, modality in CELLS:
                for person in range(persons):
                    for view in range(VIEWS):
                        right = chosen.random() < 0.6
                        told = f" {chosen.random():.6f} hair, a hat" if modality == "text" else ""
                        row = {
                            "kind": "probe", "schema": 1, "run": "0123456789ab",
                            "checkpoint": f"runs/{source}-{condition}", "base": "xmm-base",
                            "source": source, "modality": modality, "task": "name", "hops": 1,
                            "persona": f"e0-{person:05d}", "role": "eval", "set": None,
                            "view": view, "split": "heldout",
                            "question": f"Who is this person?{told}", "expected": f"Ada {person}",
                            "answer": f"Ada {person}" if right else "Bo Peep", "correct": right,
                            "rank": 1 if right else 3, "candidates": 32, "logprob": -3.25,
                            "condition": {"views": 2**condition},
                        }  # fmt: skip
                        lines.write(json.dumps(row, separators=(",", ":")) + "\n")
    return persons * len(CELLS) * CONDITIONS * VIEWS


def timed(command: list[str], compiled: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a process, which keeps compiled modules in a folder."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    wall, after = time.perf_counter() - began, os.times()
    used = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return wall, used


def main() -> None:
    """Print the medians, and the median of the ratios."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "probes.jsonl"
        written = write_rows(file, rows)
        print(f"{written:,} rows, {file.stat().st_size / 1e6:.0f} MB, {rounds} rounds")
        columns = {"file": file, "columns": COLUMNS}
        commands = {
            "bare query": [sys.executable, "-c", BARE, ONCE.format(**columns)],
            "bare, repeats twice": [sys.executable, "-c", BARE, TWICE.format(**columns)],
            "xmm report": [*XMM, "report", str(file), "--resamples", "100"],
        }  # fmt: skip
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for counted in range(rounds + 1):
            for name, command in commands.items():
                one = timed(command, Path(folder) / "compiled")
                if counted:
                    taken[name].append(one)
    for name, times in taken.items():
        wall, cpu = (statistics.median(one[place] for one in times) for place in (0, 1))
        against = [
            [
                mine[place] / base[place]
                for mine, base in zip(times, taken["bare query"], strict=True)
            ]
            for place in (0, 1)
        ]
        ratios = [statistics.median(one) for one in against]
        print(
            f"{name:20} {wall:6.2f} s  {cpu:6.2f} s CPU   "
            f"{ratios[0]:.2f} and {ratios[1]:.2f} times the bare query"
        )


if __name__ == "__main__":
    main()
