"""Seconds for 10,000 resamples of 1,000 persons in 16 conditions, beside scipy's bootstrap.

Each condition has two cells and one transfer ratio with a BCa interval. scipy draws anew for each
condition, and is timed on a few of them.

python -m tests.benchmarks.bootstrap [SCIPY_CONDITIONS]
"""

import sys
import time

import numpy as np

from xmm_cli.scoring.intervals import bca, jackknife_means, resampled_means

PERSONS, CONDITIONS, RESAMPLES, LEVEL = 1000, 16, 10_000, 0.95


def ratio(same, cross):
    return cross / same


def ours(same, cross):
    columns = np.concatenate([same, cross], axis=1)
    resampled, left_out = resampled_means(columns, RESAMPLES, 0), jackknife_means(columns)
    means = columns.mean(axis=0)
    return [
        bca(
            ratio(means[at], means[at + CONDITIONS]),
            ratio(resampled[:, at], resampled[:, at + CONDITIONS]),
            ratio(left_out[:, at], left_out[:, at + CONDITIONS]),
            LEVEL,
        )
        for at in range(CONDITIONS)
    ]


def theirs(same, cross, conditions):
    from scipy.stats import bootstrap

    return [
        bootstrap(
            (same[:, at], cross[:, at]),
            lambda one, two, axis: ratio(one.mean(axis=axis), two.mean(axis=axis)),
            paired=True,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            batch=500,
            rng=np.random.default_rng(at),
        ).confidence_interval
        for at in range(conditions)
    ]


def timed(call, *arguments):
    wall, core = time.perf_counter(), time.process_time()
    found = call(*arguments)
    return found, time.perf_counter() - wall, time.process_time() - core


def main(conditions: int) -> None:
    random = np.random.default_rng(0)
    same = random.binomial(4, 0.9, (PERSONS, CONDITIONS)) / 4
    cross = random.binomial(4, 0.4, (PERSONS, CONDITIONS)) / 4
    import scipy.stats  # noqa: F401  (its import is no part of either)

    found, wall, core = timed(ours, same, cross)
    print(f"xmm:   {wall:6.2f} s, {core:.2f} s of a core, {CONDITIONS} conditions")
    expected, wall, core = timed(theirs, same, cross, conditions)
    times = CONDITIONS / conditions
    print(
        f"scipy: {wall * times:6.2f} s, {core * times:.2f} s of a core, "
        f"{CONDITIONS} conditions ({conditions} timed)"
    )
    furthest = max(
        abs(one - two)
        for own, other in zip(found, expected, strict=False)
        for one, two in zip(own, other, strict=True)
    )
    print(f"ends differ by {furthest:.4f} at most")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
