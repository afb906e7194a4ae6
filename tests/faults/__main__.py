"""The long form: `python -m tests.faults --kills 200`.

Prints a table; ends with 1 if a promise was broken.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.harness import COMMANDS, Tally, Trial
from tests.forked import start


def main() -> int:
    """Kill until there were enough kills, or the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="in all, over all commands")
    parser.add_argument("--a-round", type=int, default=4, help="most kills before it is left alone")
    parser.add_argument("--minutes", type=float, default=20, help="stop after so long")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            trial = Trial(Path(folder))
            _kill(trial, given.kills, given.a_round, given.minutes * 60, given.seed)
        finally:
            start.close()
    print(table(trial.tallies))
    return int(any(tally.equal < tally.rounds for tally in trial.tallies.values()))


def _kill(trial: Trial, kills: int, a_round: int, seconds: float, seed: int) -> None:
    """Rounds in turn, so that whenever it ends all commands had their share."""
    start, number = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        if sum(tally.kills for tally in trial.tallies.values()) >= kills:
            return
        command = COMMANDS[number % len(COMMANDS)]
        trial.round(command, a_round, random.Random(f"{seed}: {number}"))
        for trouble in trial.tallies[command.name].troubles[-1:]:
            print(f"seed {seed}, round {number}: {trouble}", file=sys.stderr, flush=True)
        number += 1


def table(tallies: dict[str, Tally]) -> str:
    """Command, kills, how often it was run again to its end, and how often that was equal."""
    rows = [("command", "kills", "resumed", "equal")]
    rows += [(name, str(t.kills), str(t.rounds), str(t.equal)) for name, t in tallies.items()]
    sums = [sum(int(row[column]) for row in rows[1:]) for column in (1, 2, 3)]
    rows.append(("all", *(str(one) for one in sums)))
    return "\n".join(f"{name:<28}{a:>8}{b:>10}{c:>8}" for name, a, b, c in rows)


if __name__ == "__main__":
    sys.exit(main())
