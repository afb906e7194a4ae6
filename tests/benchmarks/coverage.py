"""How often intervals of 95 % hold the truth, for simulated persons: a Markdown table.

python -m tests.benchmarks.coverage [--samples N] [--resamples N] [--processes N]

Persons' own recalls are beta-distributed (a third of the variance of 0-or-1 is between persons),
correlated by 0.5 over cells, and each person is asked on four views. The intervals are made by
`scoring.part.estimated`, as those of score rows, comparisons and findings. Where a row would have
no value (`estimate.no_value`), or no interval, the sample is not counted, and the table says how
many are left. A coverage has a standard error of √(0.95 · 0.05 / samples), 0.007 for 1,000.

Under one seed: the cells of `LEVELS`. Under three: means of the seeds are normal around the truth,
with the standard deviation that is named, and the truth is that over seeds.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from xmm_cli.scoring.against import contrasts
from xmm_cli.scoring.estimate import no_value
from xmm_cli.scoring.metric import IMAGE_TO_TEXT, Over, Pair
from xmm_cli.scoring.metrics import METRICS
from xmm_cli.scoring.metrics.memory import corrected
from xmm_cli.scoring.part import Columns, Part, estimated

VIEWS, VARIED, ALIKE, LEVEL, DRAWS = 4, 0.3, 0.5, 0.95, 7
PERSONS = (16, 32, 64)
LEVELS = {
    "near 0": (0.60, 0.05, 0.60, 0.08, 0.10),
    "middle": (0.80, 0.45, 0.75, 0.35, 0.65),
    "near 1": (0.97, 0.90, 0.95, 0.85, 0.94),
}
"""Recall image→image, image→text, text→text, text→image, and image→text in another run."""
CHANCE = 0.04
"""Recall of the untrained base, on the same persons."""
SEEDS, SPREADS = 3, (0.0, 0.03, 0.06, 0.10)
GRID = 512


class Estimand(NamedTuple):
    """What is estimated: a formula over columns, each with its chance or without."""

    name: str
    formula: Callable
    columns: tuple[int, ...]
    memory: bool = True
    metric: str = ""
    """The metric whose rules say where there is no value."""


BASE = 5
"""The column of the untrained base; of both modalities."""


def estimands() -> list[Estimand]:
    """The columns of the table."""
    gap = METRICS.load("transfer_gap")
    made = {one.name: one for one in contrasts({"transfer_gap": gap})}
    known = {name: METRICS.load(name) for name in METRICS.names()}
    both = (0, 1, 2, 3)
    return [
        Estimand("recall", known["recall"].formula, (1,), memory=False),
        Estimand("memory", known["memory"].formula, (1,)),
        Estimand("gap", gap.formula, (0, 1)),
        Estimand("ratio", known["transfer_ratio"].formula, (0, 1), metric="transfer_ratio"),
        Estimand("asymmetry", known["asymmetry"].formula, both, metric="asymmetry"),
        Estimand("score", known["cross_modal_score"].formula, both, metric="cross_modal_score"),
        Estimand("difference", made["transfer_gap_difference"].formula, (0, 4, 0, 1)),
        Estimand("closed", made["gap_closed"].formula, (0, 4, 0, 1)),
    ]


@lru_cache(maxsize=64)
def _quantiles(recall: float):
    from scipy.stats import beta

    total = 1 / VARIED - 1
    places = (np.arange(GRID) + 0.5) / GRID
    return places, beta.ppf(places, recall * total, (1 - recall) * total)


def shares(random, recalls, common):
    """Samples x persons x cells of shares of right answers; `recalls` are one number a cell."""
    from scipy.stats import norm

    columns = []
    for recall in recalls:
        drawn = ALIKE * common + (1 - ALIKE**2) ** 0.5 * random.standard_normal(common.shape)
        own = np.interp(norm.cdf(drawn), *_quantiles(recall))
        columns.append(random.binomial(VIEWS, own) / VIEWS)
    return np.stack(columns, axis=-1)


def held(estimand, values, truth, columns) -> tuple[bool, float] | None:
    """Whether the interval holds the truth, and its width; None where there is none."""
    chance = float(values[:, BASE].mean()) if estimand.memory else None
    parts = [
        Part(columns, at, chance, BASE if estimand.memory else None) for at in estimand.columns
    ]
    if estimand.metric:
        pairs = (Pair("image", "image"),) * len(parts)
        metric = METRICS.load(estimand.metric)
        if no_value(metric, Over(None, None, pairs), parts, LEVEL):
            return None
    least = 0.0 if estimand.name == "score" else -np.inf
    interval = estimated(estimand.formula, parts, LEVEL, least=least).interval
    if interval is None:
        return None
    low, high = interval
    return low - 1e-9 <= truth <= high + 1e-9, high - low


class Case(NamedTuple):
    """One line of the table."""

    level: str
    persons: int
    """Under each seed."""
    spread: float | None = None
    """Between seeds, of the mean; None: one seed."""


class Covered(NamedTuple):
    """Of the samples that have an interval the share that holds the truth; how many; mean width."""

    share: float
    made: float
    width: float


def cover(case: Case, samples: int, resamples: int) -> dict[str, Covered]:
    """The coverage of each estimand."""
    random = np.random.default_rng([case.persons, round(1000 * (case.spread or 0)), samples])
    recalls = (*LEVELS[case.level], CHANCE)
    number = 1 if case.spread is None else SEEDS
    own = np.repeat(np.arange(number), case.persons)
    hits, made, widths = Counter(), Counter(), Counter()
    wanted = estimands() if case.spread is None else estimands()[:3]
    common = random.standard_normal((samples, len(own)))
    table = shares(random, recalls, common)
    for sample in range(samples):
        values = table[sample]
        if case.spread:
            values[:, 1] = _differing(random, case, common[sample], recalls[1])
        seeds = own if number > 1 else None
        columns = Columns(values, resamples, sample % DRAWS, True, seeds)
        for one in wanted:
            means = [corrected(recalls[at], CHANCE) if one.memory else recalls[at]
                     for at in one.columns]  # fmt: skip
            found = held(one, values, float(one.formula(*means)), columns)
            if found is not None:
                made[one.name] += 1
                hits[one.name] += found[0]
                widths[one.name] += found[1]
    return {
        one.name: Covered(
            hits[one.name] / max(1, made[one.name]),
            made[one.name] / samples,
            widths[one.name] / max(1, made[one.name]),
        )
        for one in wanted
    }


def _differing(random, case, common, recall):
    """The column whose mean differs from seed to seed."""
    from scipy.special import ndtr

    total = 1 / VARIED - 1
    drawn = ALIKE * common + (1 - ALIKE**2) ** 0.5 * random.standard_normal(common.shape)
    mean = np.clip(recall + case.spread * random.standard_normal(SEEDS), 0.03, 0.97)
    mean = np.repeat(mean, case.persons)
    from scipy.special import betaincinv

    return random.binomial(VIEWS, betaincinv(mean * total, (1 - mean) * total, ndtr(drawn))) / VIEWS


def cases() -> list[Case]:
    """All lines: those of one seed, then those of three."""
    one = [Case(level, persons) for level, persons in product(LEVELS, PERSONS)]
    return one + [Case("middle", persons, spread) for persons, spread in product((16, 32), SPREADS)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1999)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    wanted = cases()
    with ProcessPoolExecutor(options.processes) as pool:
        jobs = [pool.submit(cover, one, options.samples, options.resamples) for one in wanted]
        rows = [job.result() for job in jobs]
    names = [one.name for one in estimands()]
    print(f"{options.samples} samples a cell, {options.resamples} resamples.")
    print("A cell: coverage, mean width; (share of samples that have an interval).\n")
    print(f"| cells | persons | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    for case, row in zip(wanted, rows, strict=True):
        if case.spread is None:
            print(f"| {case.level} | {case.persons} | {' | '.join(_cell(row[n]) for n in names)} |")
    print(f"\n| points between {SEEDS} seeds | persons a seed | {' | '.join(names[:3])} |")
    print(f"|---|---|{'---|' * 3}")
    for case, row in zip(wanted, rows, strict=True):
        if case.spread is not None:
            cells = " | ".join(_cell(row[name]) for name in names[:3])
            print(f"| {100 * case.spread:.0f} | {case.persons} | {cells} |")


def _cell(found: Covered) -> str:
    made = f" ({found.made:.2f})" if found.made < 1 else ""
    return f"{found.share:.3f}, {found.width:.2f}{made}"


if __name__ == "__main__":
    sys.exit(main())
