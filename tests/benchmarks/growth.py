"""How cost grows: `python -m tests.benchmarks.growth [--plot FILE] [NAME...]`.

Each command runs as a process of its own at three sizes, a tenth, once and ten times of something:
people, views, candidate names, rows. Told are CPU seconds (of all its processes), the most memory
that a process of it held, and, per tenfold, how the cost above that of the smallest size grew:
10 is linear, less is better.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import bases


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run."""

    cpu_s: float
    memory_mb: float


Command = Callable[[Path, int], list[str]]
"""The words of a command at a size; what it needs is made in the folder first."""


def drawn(people: int, views: int, folder: Path) -> str:
    """A data set's file."""
    return str(bases.make_people(folder / f"p{people}v{views}", people, views, 1))


def gen_people(folder: Path, size: int) -> list[str]:
    """More people."""
    return ["gen-personas", "-n", str(size), "--views", "3", "--heldout", "1", *_out(folder, size)]


def gen_views(folder: Path, size: int) -> list[str]:
    """More views of four people."""
    return ["gen-personas", "-n", "4", "--views", str(size), "--heldout", "1", *_out(folder, size)]


def train_people(folder: Path, size: int) -> list[str]:
    """More people, one pass over them all."""
    people = drawn(size, 2, folder)
    return ["train", people, "--source", "image", "--epochs", "1", *_out(folder, size)]


def train_views(folder: Path, size: int) -> list[str]:
    """More views of two people, one pass over them all."""
    people = drawn(2, size, folder)
    return ["train", people, "--source", "image", "--epochs", "1", *_out(folder, size)]


def probe_people(folder: Path, size: int) -> list[str]:
    """More people asked, answers generated: rows grow alike."""
    people = drawn(size, 2, folder)
    asked = ["--base", "xmm-base", "--personas", people, "--modality", "image"]
    return ["probe", *asked, "--answer", "generate"]


def probe_names(folder: Path, size: int) -> list[str]:
    """More candidate names for ten views: people not asked about have no held-out views."""
    file = Path(drawn(size, 2, folder))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows[10:]:
        row["texts"] = [one for one in row["texts"] if one["split"] == "train"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ["--base", "xmm-base", "--personas", str(file), "--modality", "text"]
    return ["probe", *asked, "--answer", "rank"]


def score_rows(folder: Path, size: int) -> list[str]:
    """More probe rows of 32 people, made up."""
    return ["score", str(_rows(folder, size))]


def report_rows(folder: Path, size: int) -> list[str]:
    """The same as a table."""
    return ["report", str(_rows(folder, size))]


COMMANDS: dict[str, tuple[Command, int]] = {
    "gen-personas, people": (gen_people, 20),
    "gen-personas, views": (gen_views, 20),
    "train, people": (train_people, 20),
    "train, views": (train_views, 20),
    "probe, people": (probe_people, 20),
    "probe, names": (probe_names, 50),
    "score, rows": (score_rows, 10_000),
    "report, rows": (report_rows, 10_000),
}
"""What grows → the command, and its middle size."""


def main() -> None:
    """Print a line for each, as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="words of what grows; all if none")
    parser.add_argument("--plot", metavar="FILE", type=Path)
    given = parser.parse_args()
    chosen = [one for one in COMMANDS if all(word in one for word in given.names)]
    print("| what grows | sizes | CPU s | memory MB | cost per tenfold, time / memory |")
    print("| --- | --- | --- | --- | --- |")
    found = {}
    for name in chosen:
        command, middle = COMMANDS[name]
        sizes = [middle // 10, middle, middle * 10]
        costs = found[name] = [_measure(command, size) for size in sizes]
        times, memory = [c.cpu_s for c in costs], [c.memory_mb for c in costs]
        print(
            f"| {name} | {', '.join(f'{size:,}' for size in sizes)} "
            f"| {', '.join(f'{one:.1f}' for one in times)} "
            f"| {', '.join(f'{one:.0f}' for one in memory)} "
            f"| {_grew(times)} / {_grew(memory)} |",
            flush=True,
        )
    if given.plot is not None:
        _plot(found, given.plot)


def _grew(costs: list[float]) -> str:
    """How often the second step's rise holds the first one's; a tenfold each."""
    first, second = costs[1] - costs[0], costs[2] - costs[1]
    return f"{second / first:.1f}" if first > 0.02 * costs[0] else "flat at first"


def _measure(command: Command, size: int) -> Cost:
    with tempfile.TemporaryDirectory(prefix="xmm-growth-") as folder:
        words = [sys.executable, "-m", "xmm_cli", *command(Path(folder), size), "--quiet"]
        if words[3] not in ("score", "report"):
            words += ["--seed", "0"]
        else:
            words.remove("--quiet")
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: code {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _out(folder: Path, size: int) -> list[str]:
    return ["--out", str(folder / f"out{size}")]


def _rows(folder: Path, size: int) -> Path:
    """Probe rows of four cells, 32 people and as many views as it takes."""
    path = folder / "rows.jsonl"
    with path.open("w") as file:
        for number in range(size):
            cell, person, view = number % 4, number // 4 % 32, number // 128
            row = {
                "kind": "probe",
                "schema": 1,
                "run": "made",
                "checkpoint": f"runs/{cell // 2}",
                "base": "xmm-base",
                "source": ("image", "text")[cell // 2],
                "modality": ("image", "text")[cell % 2],
                "task": "name",
                "hops": 1,
                "persona": f"e-{person:03d}",
                "role": "eval",
                "set": None,
                "view": view,
                "split": "heldout",
                "question": "Who is this person?",
                "expected": "Ann Lee",
                "answer": "Ann Lee" if (number * 7919) % 3 else "Bo Lee",
                "correct": bool((number * 7919) % 3),
                "rank": 1 + number % 5,
                "candidates": 32,
                "logprob": -1.5,
                "condition": {"views": 16, "seed": 0},
            }
            file.write(json.dumps(row) + "\n")
    return path


def _plot(found: dict[str, list[Cost]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    for axis, what in zip(axes, ("cpu_s", "memory_mb"), strict=True):
        for name, costs in found.items():
            middle = COMMANDS[name][1]
            sizes = [middle // 10, middle, middle * 10]
            axis.loglog(sizes, [getattr(one, what) for one in costs], marker="o", label=name)
        axis.set_xlabel("size")
        axis.set_ylabel({"cpu_s": "CPU seconds", "memory_mb": "memory, MB"}[what])
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()
