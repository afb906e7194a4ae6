"""How often intervals of 95 % hold the truth, for simulated persons: Markdown tables.

python -m tests.benchmarks.coverage [--samples N] [--resamples N] [--processes N]

Persons' own recalls are beta-distributed (0.3 of the variance of an answer is between persons) and
correlated by 0.5 over cells; each person is asked on four views. Intervals are made by
`scoring.part.estimated`, as those of score rows, comparisons and findings are. A sample counts
where the row would have an interval; where that is not always, the table says how often. A coverage
has a standard error of √(0.95 · 0.05 / samples): 0.007 for 1,000.

One seed: the cells are those of `LEVELS`. Three seeds: the recall image→text of each is normal
around the truth, with the standard deviation that is named, and the truth is that over all seeds.
"""

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import NamedTuple

import numpy as np

from xmm_cli.scoring.against import contrasts
from xmm_cli.scoring.estimate import no_value
from xmm_cli.scoring.metric import Metric, Over, Pair
from xmm_cli.scoring.metrics import METRICS
from xmm_cli.scoring.metrics.memory import corrected
from xmm_cli.scoring.part import Columns, MetricCell, estimated

VIEWS, VARIED, ALIKE, LEVEL, DRAWS = 4, 0.3, 0.5, 0.95, 7
TOTAL = 1 / VARIED - 1
LEVELS = {
    "near 0": (0.60, 0.05, 0.60, 0.08, 0.10),
    "middle": (0.80, 0.45, 0.75, 0.35, 0.65),
    "near 1": (0.97, 0.90, 0.95, 0.85, 0.94),
}
"""Recall image→image, image→text, text→text, text→image, and image→text in another run."""
CHANCE = 0.04
"""Recall of the untrained base, on the same persons; its column is the last."""
PERSONS = (16, 32, 64)
SEEDS, OF_SEED, SPREADS = 3, (16, 32), (0.0, 0.03, 0.06, 0.10)
GRID = 512
"""Quantiles of a beta distribution between which is interpolated."""


class Estimand(NamedTuple):
    """What is estimated: a formula over these columns."""

    name: str
    metric: Metric
    columns: tuple[int, ...]
    formula: Callable | None = None
    """Where it is not that of the metric."""


def estimands() -> list[Estimand]:
    """The columns of the table."""
    metric = METRICS.load
    gap, both = metric("transfer_gap"), (0, 1, 2, 3)
    difference, closed = (one.formula for one in contrasts({"transfer_gap": gap}))
    return [
        Estimand("recall", metric("recall"), (1,)),
        Estimand("memory", metric("memory"), (1,)),
        Estimand("gap", gap, (0, 1)),
        Estimand("ratio", metric("transfer_ratio"), (0, 1)),
        Estimand("asymmetry", metric("asymmetry"), both),
        Estimand("score", metric("cross_modal_score"), both),
        Estimand("difference", gap, (0, 4, 0, 1), difference),
        Estimand("closed", gap, (0, 4, 0, 1), closed),
    ]


class Case(NamedTuple):
    """One line of the table."""

    level: str
    persons: int
    """Under each seed."""
    spread: float | None = None
    """Between three seeds; None: one seed."""


class Covered(NamedTuple):
    """Of the samples that have an interval the share that holds the truth, and the mean width."""

    share: float
    width: float
    made: float
    """The share of samples that have one."""
    stretch: float
    """Times as wide for seeds, mean."""


def cases() -> list[Case]:
    """All lines: those of one seed, then those of three."""
    one = [Case(level, persons) for level, persons in product(LEVELS, PERSONS)]
    three = [Case("middle", persons, spread) for persons, spread in product(OF_SEED, SPREADS)]
    return one + three


def cover(case: Case, samples: int, resamples: int) -> dict[str, Covered]:
    """The coverage of each estimand, by name."""
    random = np.random.default_rng([case.persons, round(1000 * (case.spread or 0)), samples])
    recalls = (*LEVELS[case.level], CHANCE)
    number = 1 if case.spread is None else SEEDS
    seeds = np.repeat(np.arange(number), case.persons)
    common = random.standard_normal((samples, len(seeds)))
    table = np.stack([_column(random, recall, common) for recall in recalls], axis=-1)
    if case.spread is not None:
        own = recalls[1] + case.spread * random.standard_normal((samples, SEEDS))
        table[:, :, 1] = _of_seeds(random, np.clip(own, 0.02, 0.98)[:, seeds], common)
    wanted = estimands() if case.spread is None else estimands()[:3]
    rows: dict[str, list[tuple[float, ...]]] = {one.name: [] for one in wanted}
    for sample, values in enumerate(table):
        known = seeds if number > 1 else None
        columns = Columns(values, resamples, sample % DRAWS, seeds=known)
        for one in wanted:
            rows[one.name] += held(one, columns, recalls)
    return {name: _averaged(own, samples) for name, own in rows.items()}


def held(one: Estimand, columns: Columns, recalls: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Whether the interval holds the truth, its width, and stretch; nothing where there is none."""
    memory, formula = one.metric.of == "memory", one.formula or one.metric.formula
    chance, last = float(columns.mean(len(recalls) - 1)), len(recalls) - 1
    parts = [MetricCell(columns, at, *((chance, last) if memory else ())) for at in one.columns]
    over = Over(None, None, (Pair("image", "text"),) * len(parts))
    if no_value(one.metric, over, parts, LEVEL):
        return []
    truth = formula(*(corrected(recalls[at], CHANCE) if memory else recalls[at]
                      for at in one.columns))  # fmt: skip
    found = estimated(formula, parts, LEVEL, least=one.metric.least if not one.formula else -np.inf)
    if found.interval is None:
        return []
    low, high = found.interval
    stretch = found.seeds.stretch if found.seeds else 1.0
    return [(low - 1e-9 <= truth <= high + 1e-9, high - low, stretch)]


def _averaged(rows: list[tuple[float, ...]], samples: int) -> Covered:
    share, width, stretch = np.mean(rows, axis=0) if rows else [np.nan] * 3
    return Covered(share, width, len(rows) / samples, stretch)


def _column(random, recall, common):
    """Samples x persons of shares of right answers."""
    from scipy.special import betaincinv, ndtr

    places = (np.arange(GRID) + 0.5) / GRID
    quantiles = betaincinv(recall * TOTAL, (1 - recall) * TOTAL, places)
    own = np.interp(ndtr(_correlated(random, common)), places, quantiles)
    return random.binomial(VIEWS, own) / VIEWS


def _of_seeds(random, mean, common):
    """The same, where each person has a mean of their own."""
    from scipy.special import betaincinv, ndtr

    own = betaincinv(mean * TOTAL, (1 - mean) * TOTAL, ndtr(_correlated(random, common)))
    return random.binomial(VIEWS, own) / VIEWS


def _correlated(random, common):
    return ALIKE * common + (1 - ALIKE**2) ** 0.5 * random.standard_normal(common.shape)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1999)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as pool:
        jobs = {
            case: pool.submit(cover, case, options.samples, options.resamples) for case in cases()
        }
        found = {case: job.result() for case, job in jobs.items()}
    names = [one.name for one in estimands()]
    print(f"Coverage, mean width; {options.samples} samples a cell, {options.resamples} resamples.")
    print("In brackets the share of samples that have an interval, where that is not 1.\n")
    print(f"| cells | persons | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    for case, row in found.items():
        if case.spread is None:
            print(f"| {case.level} | {case.persons} | {' | '.join(map(_words, row.values()))} |")
    print(f"\n| points between {SEEDS} seeds | persons a seed | {' | '.join(names[:3])} | wider |")
    print(f"|---|---|{'---|' * 4}")
    for case, row in found.items():
        if case.spread is not None:
            cells = " | ".join(map(_words, row.values()))
            wider = np.mean([one.stretch for one in row.values()])
            print(f"| {100 * case.spread:.0f} | {case.persons} | {cells} | {wider:.2f} times |")


def _words(found: Covered) -> str:
    made = f" ({found.made:.2f})" if found.made < 1 else ""
    return f"{found.share:.3f}, {found.width:.2f}{made}"


if __name__ == "__main__":
    sys.exit(main())
