"""Two runs, person by person: the difference of every metric, its interval, p, and Holm's p.

Both runs are scored on the persons they share. An interval draws the same persons in both (BCa;
MOVER where too few persons differ, `part.estimated`). p is of the paired permutation test: within
each person, the two runs change places (scipy's `permutation_test`, exact where there are fewer
arrangements than resamples; with one yes-or-no question a person it is McNemar's exact test).
Holm's p (S. Holm, Scand. J. Statist. 6, 1979; statsmodels) is over all comparisons of a metric in
one call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from xmm_cli.rows.types import Answer, Score
from xmm_cli.scoring.config import ScoreConfig
from xmm_cli.scoring.estimate import DIGITS, FEW_PERSONS, no_value, score_row
from xmm_cli.scoring.groups import ANSWERS, Group
from xmm_cli.scoring.intervals import Formula
from xmm_cli.scoring.metric import Metric, Over
from xmm_cli.scoring.part import MetricCell, estimated
from xmm_cli.scoring.sample import Sample, cells_of, seeds_of

AT_ONCE = 2_000_000
"""Numbers that a permutation test holds at once."""
ALIKE = 1e-12


def gap_closed(same: Any, cross: Any, same_before: Any, cross_before: Any) -> Any:
    """1 − gap / gap of the baseline; not a number where the baseline has none."""
    before = np.asarray(same_before - cross_before, dtype=float)
    return 1 - np.divide(
        same - cross, before, out=np.full(before.shape, np.nan), where=before > ALIKE
    )


@dataclass(frozen=True, slots=True)
class Contrast:
    """A metric of one run set against that of another."""

    name: str
    metric: Metric
    formula: Formula
    """Of the run's parts, then the baseline's."""
    tested: bool = True


def contrasts(metrics: dict[str, Metric]) -> list[Contrast]:
    """What is compared: the difference of each metric, and of gaps the share closed, too."""
    made = []
    for name, metric in metrics.items():
        if metric.of in ("chance", "spread"):
            continue
        made.append(Contrast(f"{name}_difference", metric, _difference(metric.formula)))
        if name == "transfer_gap":
            made.append(Contrast("gap_closed", metric, gap_closed, tested=False))
    return made


def _difference(formula: Formula) -> Formula:
    def difference(*parts: Any) -> Any:
        half = len(parts) // 2
        return formula(*parts[:half]) - formula(*parts[half:])

    return difference


@dataclass(frozen=True, slots=True)
class Comparer:
    """Makes the rows of one group against one baseline group, for one way of answering."""

    own: Group
    baseline: Group
    answer: Answer
    level: float
    resamples: int
    seed: int

    def score(self, contrast: Contrast, over: Over) -> Score | None:
        """The row of a contrast over these cells; None where either run was not asked there."""
        metric = contrast.metric
        if metric.answer not in (None, self.answer) or all(
            pair.source is None for pair in over.cells
        ):
            return None
        if metric.applies and not metric.applies(self.own.condition, self.own.set, over):
            return None
        way = contrast.name.removesuffix("_difference") if metric.of == "measure" else self.answer
        known = [cells_of(group, way) for group in (self.own, self.baseline)]
        if any(pair not in cells for cells in known for pair in over.cells):
            return None
        asked = [set(cells[pair].shares) for cells in known for pair in over.cells]
        persons = tuple(sorted(set.intersection(*asked)))
        if not persons:
            return self._row(contrast, over, None, 0, 0, ["none: the runs share no person"])
        groups = (self.own, self.baseline)
        seeds = seeds_of(groups, persons)
        samples = [
            Sample(group, way, persons, self.resamples, self.seed, metric.bounded, seeds)
            for group in groups
        ]
        memory = metric.of == "memory"
        parts = [
            sample.part(pair, sample.chance(pair) if memory else None)
            for sample in samples
            for pair in over.cells
        ]
        return self._compared(contrast, over, samples, parts, len(set.union(*asked)))

    def _compared(
        self,
        contrast: Contrast,
        over: Over,
        samples: list[Sample],
        parts: list[MetricCell],
        asked: int,
    ) -> Score:
        persons, row = samples[0].persons, self._row
        counted = sum(sample.questions(over.cells) for sample in samples)
        why = self._lacking(contrast, over, parts)
        if why:
            return row(contrast, over, None, counted, len(persons), [f"none: {why}"])
        value, interval, how, _ = estimated(contrast.formula, parts, self.level)
        said = [how]
        if asked > len(persons):
            said.append(f"{asked - len(persons)} persons left out who are not in both runs")
        if len(persons) < FEW_PERSONS:
            said.append(f"few persons ({len(persons)}): read with care")
        made = row(contrast, over, value, counted, len(persons), said)
        if interval is not None:
            made = msgspec.structs.replace(
                made, low=round(interval.low, DIGITS) + 0.0, high=round(interval.high, DIGITS) + 0.0
            )
        if not contrast.tested:
            return made
        p = permuted(contrast.formula, parts, self.resamples, self.seed)
        return msgspec.structs.replace(made, p=p, method=f"{made.method}; p of permuted pairs")

    def _lacking(self, contrast: Contrast, over: Over, parts: list[MetricCell]) -> str | None:
        """Why there is no value, if there is none; as for the metric in either run alone."""
        half = len(parts) // 2
        for side in (parts[:half], parts[half:]):
            if why := no_value(contrast.metric, over, side, self.level):
                return why
        value = contrast.formula(*(part.value() for part in parts))
        return None if np.isfinite(value) else "the baseline has no gap to close"

    def _row(
        self,
        contrast: Contrast,
        over: Over,
        value: float | None,
        n: int,
        personas: int,
        said: list[str],
    ) -> Score:
        fields = {"answer": self.answer, "level": self.level, "n": n, "personas": personas}
        return score_row(self.own, over, value, None, said, metric=contrast.name, **fields)


def permuted(formula: Formula, parts: Sequence[MetricCell], resamples: int, seed: int) -> float:
    """p, two-sided: how often a difference as large comes where persons' two runs change places."""
    from scipy.stats import permutation_test

    half = len(parts) // 2
    runs = [np.column_stack([column for part in side for column in part.pair()])
            for side in (parts[:half], parts[half:])]  # fmt: skip
    table = np.concatenate(runs)
    persons = len(runs[0])
    if np.allclose(runs[0], runs[1], atol=ALIKE, rtol=0):
        return 1.0

    observed = float(formula(*(part.value() for part in parts)))

    def statistic(first: Any, second: Any, axis: int) -> Any:
        values = []
        for side, drawn in ((parts[:half], first), (parts[half:], second)):
            means = [column[drawn].mean(axis=axis) for column in table.T]
            values += [
                part.made_of(means[2 * at], means[2 * at + 1]) for at, part in enumerate(side)
            ]
        found = formula(*values)
        # a difference that is not defined counts as large as the one seen: it can only raise p
        return np.where(np.isfinite(found), found, np.copysign(np.inf, observed))

    ids = np.arange(persons)
    found = permutation_test(
        (ids, ids + persons),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, AT_ONCE // (persons * 2)),
        axis=-1,
        rng=np.random.default_rng(seed),
    )
    return round(min(float(found.pvalue), 1.0), DIGITS)


def compare(
    groups: Sequence[Group],
    baselines: Sequence[Group],
    metrics: dict[str, Metric],
    config: ScoreConfig,
) -> tuple[list[Score], list[str]]:
    """The rows of all groups that have a baseline, with Holm's p, and what to tell a user."""
    rows, alone = [], 0
    for group in groups:
        baseline = counterpart(group, baselines)
        if baseline is None:
            alone += bool(group.sources() - {None})
            continue
        for answer in ANSWERS:
            comparer = Comparer(
                group, baseline, answer, config.level, config.resamples, config.seed
            )
            made = [
                comparer.score(contrast, over)
                for contrast in contrasts(metrics)
                for over in contrast.metric.over
            ]
            rows += [row for row in made if row is not None]
    notes = [f"{alone} of {len(groups)} conditions have no counterpart in the baseline"] * bool(
        alone
    )
    return holm(rows), notes


def counterpart(group: Group, baselines: Sequence[Group]) -> Group | None:
    """The baseline group that a group is compared with.

    Of those of the same task, split and set: one with the same labels; else the only one that
    shares most labels and contradicts none; else the only one there is.
    """
    alike = [
        baseline
        for baseline in baselines
        if (baseline.task, baseline.split, baseline.set) == (group.task, group.split, group.set)
        and baseline.sources() - {None}
    ]
    fits: dict[tuple[bool, int], list[Group]] = {}
    for one in alike:
        shared = one.condition.keys() & group.condition.keys()
        if all(one.condition[name] == group.condition[name] for name in shared):
            fits.setdefault((one.condition == group.condition, len(shared)), []).append(one)
    best = fits[max(fits)] if fits else alike
    return best[0] if len(best) == 1 else None


def holm(rows: list[Score]) -> list[Score]:
    """The rows with Holm's p, metric by metric."""
    families: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row.p is not None:
            families.setdefault(row.metric, []).append(place)
    if not families:
        return rows
    from statsmodels.stats.multitest import multipletests

    done = list(rows)
    for places in families.values():
        corrected = multipletests([rows[place].p for place in places], method="holm")[1]
        for place, p in zip(places, corrected.tolist(), strict=True):
            words = f"{rows[place].method}; Holm over {len(places)}"
            done[place] = msgspec.structs.replace(
                rows[place], p_holm=round(p, DIGITS), method=words
            )
    return done
