"""What the jobs of a study would take here: `examples/paper.sh --plan` gives them, a line each.

A short training and a short probe are timed in a folder that is thrown away, and the jobs are
counted in steps and questions of such. What is there already is not counted.

usage: plan.py PEOPLE JOBS DIR ROWS OPTIONS... <jobs      PEOPLE: a file, or how many to draw
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

STEPS, UNLEARNED, RELEARNED = 300, 40, 20
"""Steps of a training, of an unlearning (two batches of 8: as long as one of 16), of relearning."""
SAVED = 5
"""Checkpoints along a run of unlearning, each asked on two views."""
VIEWS = 4
"""Held-out views of a person who is drawn."""
DRAWN = 8
"""People that are drawn to time it."""


def xmm(*words: object) -> float:
    """Seconds that a command takes. Raises `SystemExit` if it fails, which says why."""
    start = perf_counter()
    call = ["xmm", *map(str, words), "--quiet"]
    done = subprocess.run(call, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return perf_counter() - start


class Cost:
    """Seconds and bytes of what jobs are made of, measured."""

    def __init__(self, people: str, options: list[str], scratch: Path) -> None:
        self.drawn = people.isdigit()
        file = Path(people)
        if self.drawn:
            data = scratch / "people"
            self.people = xmm(
                "gen-personas", "-n", DRAWN, "--views", 8, "--heldout", VIEWS, "--out", data
            )
            file = data / "personas.jsonl"
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        persons = [row for row in rows if row["kind"] == "persona" and row["role"] == "eval"]
        views = [view for row in persons for view in (*row["images"], *row["texts"])]
        kept = sum(view["split"] == "heldout" for view in views)
        self.questions = int(people) * VIEWS * 2 if self.drawn else kept
        short, long = scratch / "short", scratch / "long"
        train = ["train", file, *options, "--source", "both"]
        few = xmm(*train, "--steps", 2, "--out", short)
        self.step = max(0.0, xmm(*train, "--steps", 12, "--out", long) - few) / 10
        self.start = max(0.0, few - 2 * self.step)
        one = xmm("probe", long, "--views", 1)
        more = kept - 2 * len(persons)  # questions that the second call has more
        self.question = max(0.0, xmm("probe", long) - one) / more if more else one / kept
        self.bytes = sum(part.stat().st_size for part in long.rglob("*") if part.is_file())


def steps_of(words: list[str]) -> int:
    """Optimiser steps of a training."""
    return int(words[words.index("--steps") + 1]) if "--steps" in words else STEPS


def cost_of(job: str, cost: Cost) -> tuple[float, int]:
    """Seconds and bytes of one job of the study."""
    kind, _, *words = job.split()
    checkpoints = len([word for word in words[1:] if "-" in word.strip("-")])
    if kind == "people":
        return (cost.people * int(sys.argv[1]) / DRAWN, 0) if cost.drawn else (0.0, 0)
    if kind == "along":
        questions = SAVED * checkpoints * cost.questions / 2
    elif kind == "cells":
        questions = 3 * cost.questions
    elif kind == "ask":
        questions = max(1, checkpoints) * cost.questions
    elif kind == "forget" and "retrain" not in words:
        return cost.start + UNLEARNED * cost.step, SAVED * cost.bytes
    elif kind == "relearn":
        return cost.start + RELEARNED * cost.step, SAVED * cost.bytes
    else:
        return cost.start + steps_of(words) * cost.step, cost.bytes
    return cost.start + questions * cost.question, 0


def done(job: str, folder: Path, rows: str) -> bool:
    """Whether what a job makes is there."""
    kind, seed, *words = job.split()
    seed_folder = folder / f"seed-{seed}"
    match kind:
        case "people":
            return (seed_folder / "people" / "personas.jsonl").is_file()
        case "learn":
            return (seed_folder / words[0] / "xmm.json").is_file()
        case "forget":
            run = seed_folder / "-".join(words)
            return (run / "xmm.json").is_file()
        case "again":
            return (seed_folder / f"{words[0]}-retrain-both-2" / "xmm.json").is_file()
        case "relearn":
            return (seed_folder / f"{words[0]}-relearned-{words[1]}" / "xmm.json").is_file()
        case "cells":
            return (seed_folder / rows / f"cells-{words[0]}.jsonl").is_file()
    return (seed_folder / rows / f"{words[0]}.jsonl").is_file()


def main() -> None:
    """Print the plan."""
    people, side_by_side, folder, rows, *options = sys.argv[1:]
    wanted = list(dict.fromkeys(line.strip() for line in sys.stdin if line.strip()))
    jobs = [job for job in wanted if not done(job, Path(folder), rows)]
    kinds = Counter(job.split()[0] for job in jobs)
    said = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    print(f"{len(jobs)} jobs: {said}" if jobs else "nothing: all of it is there")
    if not jobs:
        return
    with TemporaryDirectory() as scratch:
        cost = Cost(people, options, Path(scratch))
        costs = [cost_of(job, cost) for job in jobs]
    hours = sum(seconds for seconds, _ in costs) / 3600
    print(
        f"about {hours:.1f} hours of one thread here, {hours / int(side_by_side):.1f} with "
        f"{side_by_side} side by side; {sum(size for _, size in costs) / 2**30:.1f} GiB of disk"
    )
    print(
        f"measured: {cost.step:.2f} s a step of training, {cost.question:.3f} s a question, "
        f"{cost.start:.0f} s to start, {cost.bytes / 2**20:.0f} MiB a checkpoint"
    )


if __name__ == "__main__":
    main()
