"""How far seeds differ, and whether by more than their people explain.

If seeds differ in their people alone, it does not matter which people a seed got. So people are
dealt to the seeds anew, and p is how often the effects of the seeds then spread as far: a
permutation test (M. Ernst, "Permutation Methods: A Basis for Exact Inference", Statistical Science
19 (2004)), exact for few people, people at 0 or 1, and any formula.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from xmm_cli.scoring.intervals import ONE_THREAD, TIE, Floats, Formula
from xmm_cli.study.effects import Chances, SeededPerson, Shares, shared

DEALT = 1999
"""How often people are dealt to seeds anew; the smallest p is 1 / (DEALT + 1)."""


def spread_of(
    cells: Sequence[Shares],
    formula: Formula,
    chances: Chances | None = None,
    seed: int = 0,
) -> tuple[float | None, float | None]:
    """The standard deviation of the seeds' effects, in the effect's unit, and its p.

    `cells`, `formula` and `chances` are those of `estimate`. None for both where there is one seed,
    a person's seed is unknown, or a seed's own effect is not defined.
    """
    persons = shared(cells)
    names = sorted({str(person.seed) for person in persons})
    if len(names) < 2 or any(person.seed is None for person in persons):
        return None, None
    numbers = np.array([names.index(str(person.seed)) for person in persons])
    values = np.array([[cell[person] for cell in cells] for person in persons], dtype=np.float64)
    guessed = np.column_stack([_guessed(one, persons) for one in chances or [None] * len(cells)])
    columns = np.hstack([values, guessed])
    with np.errstate(all="ignore"):
        observed = _spreads(numbers[None, :], columns, formula)[0]
        if not np.isfinite(observed):
            return None, None
        sizes = tuple(np.bincount(numbers).tolist())
        dealt = _spreads(_dealt(sizes, seed), columns, formula)
    # a spread that is not defined counts as large: it can only raise p
    as_far = np.sum(~(dealt < observed - TIE))
    return round(float(observed), 6), round(float(as_far + 1) / (DEALT + 1), 6)


def _guessed(chance: float | Shares | None, persons: Sequence[SeededPerson]) -> Floats:
    """What guessing earns each person: their own, where all have one, or the same for all."""
    if chance is None or isinstance(chance, int | float):
        return np.full(len(persons), chance or 0.0)
    by_id = {person.id: share for person, share in chance.items() if person.seed is None}
    own = [chance.get(person, by_id.get(person.id)) for person in persons]
    mean = float(np.mean(list(chance.values()))) if chance else 0.0
    whole = all(share is not None for share in own)
    return np.array(own if whole else [mean] * len(persons), dtype=np.float64)


def _spreads(numbers: Any, columns: Floats, formula: Formula) -> Floats:
    """The spread of the seeds' effects for each way (row) in which people have seeds."""
    width = columns.shape[1] // 2
    effects = []
    for seed in range(int(numbers.max()) + 1):
        means = _means(numbers == seed, columns)
        recall, chance = means[:, :width], means[:, width:]
        memory = (recall - chance) / (1 - chance)
        effects.append(np.broadcast_to(formula(*memory.T), len(numbers)))
    return np.asarray(np.std(effects, axis=0, ddof=1))


def _means(chosen: Any, columns: Floats) -> Floats:
    """Means of the columns over the persons chosen in each row."""
    block = max(1, ONE_THREAD // columns.size)
    parts = [chosen[at : at + block] @ columns for at in range(0, len(chosen), block)]
    return np.asarray(np.vstack(parts) / chosen.sum(axis=1, keepdims=True))


@lru_cache(maxsize=8)
def _dealt(sizes: tuple[int, ...], seed: int) -> Any:
    """Numbers of seeds dealt to persons: `DEALT` x persons."""
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng([seed, len(numbers)])
    return rng.permuted(np.tile(numbers, (DEALT, 1)), axis=1)
