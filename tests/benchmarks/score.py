"""Seconds, seconds of a core, and peak memory of `xmm score` on so many probe rows, from a pipe.

python -m tests.benchmarks.score 1000000 10000000
"""

import resource
import subprocess
import sys
import time


def main(numbers: list[int]) -> None:
    for number in numbers:
        rows = [sys.executable, "-m", "tests.benchmarks.rows", str(number)]
        with subprocess.Popen(rows, stdout=subprocess.PIPE) as made:
            start = time.perf_counter()
            spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            score = [sys.executable, "-m", "xmm_cli", "score", "--quiet"]
            done = subprocess.run(score, stdin=made.stdout, stdout=subprocess.PIPE, check=True)
            elapsed = time.perf_counter() - start
            own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - spent
        # the largest of all children so far: give numbers in rising order
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        scores = done.stdout.count(b'"kind":"score"')
        used = f"{elapsed:6.1f} s ({own:.1f} s of a core), {peak:5.0f} MB at most"
        print(f"{number:>10,} rows: {used}, {scores} scores", flush=True)


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [1_000_000])
