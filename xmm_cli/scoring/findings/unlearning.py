"""Does forgetting through one modality reach what is known in the other?

For each unlearning run: the first saved step at which the modality it works on is at chance, what
is still recalled in the other one there (the leak), how far the model is from one that never
learned these persons, and what it cost. Each seed has its own step. Through both modalities, the
leak is looked at twice: in each when the other one is at chance.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import cast

from xmm_cli.rows.types import MODALITIES, Modality
from xmm_cli.scoring.findings.curves import (
    Curve,
    Forgotten,
    Run,
    attribute_shares,
    attributes_before,
    chance,
    curves,
    forgotten,
    retrained,
)
from xmm_cli.scoring.findings.estimate import Person, Shares, mean
from xmm_cli.scoring.findings.finding import KEPT, PRESENT, SMALLEST, Claim, Finding
from xmm_cli.scoring.findings.study import (
    OTHER,
    Study,
    averaged,
    empty,
    itself,
    minus,
    percent,
    percents,
)

FAMILY = "unlearning"
STILL_USEFUL = 0.5
"""Part of the retain set's recall that must be left for a run to count in the mean leak."""
LEAK = (
    "recall of the forget set in the other modality, minus chance, at the first saved step where "
    "the unlearned one is within 5 points of chance"
)


def find(study: Study) -> list[Finding]:
    """Leaks run by run, their means, then distances to a retrained model, then utility."""
    runs = curves(study)
    if not runs:
        study.leave_out(FAMILY, "no rows of unlearned models")
        return []
    names = _Names(run.run for run in runs)
    leaks = [
        (curve, worked, forgotten(curve, worked))
        for curve in runs
        for worked in worked_on(curve.run.through)
    ]
    found = [_leak_row(study, names, *one) for one in leaks]
    found += _mean_leaks(study, names, leaks)
    firsts = {curve.run: (curve, when) for curve, _, when in reversed(leaks)}
    for curve, when in (firsts[curve.run] for curve in runs):
        found += _distances(study, names, curve, when)
    for curve, when in (firsts[curve.run] for curve in runs):
        found += _utility(study, names, curve, when)
    return found


def worked_on(through: str) -> tuple[Modality, ...]:
    """The modalities in which recall is brought to chance."""
    return MODALITIES if through == "both" else (cast(Modality, through),)


class _Names:
    """Says of a run what sets it apart from the others here, and no more."""

    def __init__(self, runs: Iterable[Run]) -> None:
        found = list(runs)
        self.sources = len({run.source for run in found}) > 1
        self.bases = len({run.base for run in found}) > 1

    def rest(self, run: Run) -> str:
        said = [f"learned from {run.source}"] if self.sources else []
        said += [run.base] if self.bases else []
        said += [] if run.lr is None else [f"at lr {run.lr:g}"]
        return "".join(f", {one}" for one in said)

    def of(self, run: Run) -> str:
        return f"{run.objective} through {run.through}{self.rest(run)}"


def _leaked(curve: Curve, worked: Modality, when: Forgotten) -> tuple[Shares, Shares, str]:
    """What is recalled in the other modality, chance there, and whose chance that is."""
    other = OTHER[worked]
    left = curve.along("forget", other, when.steps)
    guessed, words = chance(curve.study, curve.run, other, left)
    return left, guessed, words


def _leak_row(
    study: Study, names: _Names, curve: Curve, worked: Modality, when: Forgotten
) -> Finding:
    name = f"the {OTHER[worked]} side leaks, {names.of(curve.run)}"
    if not when.learned:
        return empty(FAMILY, name, LEAK, "difference of shares", "it was not learned before")
    if not when.steps:
        return empty(FAMILY, name, LEAK, "difference of shares", "never reached chance")
    left, guessed, words = _leaked(curve, worked, when)
    kept, before = curve.retained(when.steps), curve.retained_before()
    said = [when.words()]
    if kept and before:
        said.append(f"retain recall {percent(mean(kept))} (before: {percent(mean(before))})")
    measure = f"{LEAK}; {'; '.join(said)}"
    start = curve.before("forget", OTHER[worked])
    comment = [*said, f"left {percents([left])}" + (f" of {percents([start])}" if start else "")]
    comment.append(words)
    return study.finding(
        FAMILY, name, measure, PRESENT, [left, guessed], minus, comment="; ".join(comment)
    )


def _counts(curve: Curve, when: Forgotten) -> bool:
    """Whether a run forgot, and kept enough of the retain set."""
    if not when.learned or not when.steps:
        return False
    kept, before = curve.retained(when.steps), curve.retained_before()
    return not kept or not before or mean(kept) >= STILL_USEFUL * mean(before)


def _mean_leaks(
    study: Study, names: _Names, leaks: list[tuple[Curve, Modality, Forgotten]]
) -> list[Finding]:
    groups: dict[tuple[str, str, Modality], list[tuple[Curve, Modality, Forgotten]]]
    groups = defaultdict(list)
    for curve, worked, when in leaks:
        groups[curve.run.through, names.rest(curve.run), worked].append((curve, worked, when))
    found = []
    for (through, rest, worked), group in groups.items():
        good = [one for one in group if _counts(one[0], one[2])]
        name = f"a leak remains in {OTHER[worked]}, through {through}{rest}, mean"
        measure = (
            "mean leak over the objectives that reach chance and keep half of the retain recall"
        )
        if not good:
            why = f"none of {len(group)} objectives did both"
            found.append(empty(FAMILY, name, measure, "difference of shares", why))
            continue
        made = [_leaked(*one) for one in good]
        objectives = ", ".join(curve.run.objective for curve, _, _ in good)
        cells = [
            _mean_of_present([left for left, _, _ in made]),
            _mean_of_present([low for _, low, _ in made]),
        ]
        comment = f"{len(good)} of {len(group)} objectives: {objectives}"
        found.append(study.finding(FAMILY, name, measure, PRESENT, cells, minus, comment=comment))
    return found


def _mean_of_present(cells: list[Shares]) -> dict[Person, float]:
    """Each person's mean over the conditions that have them."""
    values: dict[Person, list[float]] = defaultdict(list)
    for cell in cells:
        for person, share in cell.items():
            values[person].append(share)
    return {person: sum(found) / len(found) for person, found in values.items()}


def _distances(study: Study, names: _Names, curve: Curve, when: Forgotten) -> list[Finding]:
    """How far the forget set's answers are from those of a model that never learned it."""
    found = []
    for logprob, what in ((False, "recall"), (True, "log-probability")):
        apart = []
        for modality in MODALITIES:
            own = curve.along("forget", modality, when.steps, logprob)
            theirs = retrained(study, curve.run, modality, logprob)
            apart.append({one: abs(own[one] - theirs[one]) for one in own.keys() & theirs.keys()})
        distance = averaged([cell for cell in apart if cell])
        if not distance:
            continue
        found.append(
            study.finding(
                FAMILY,
                f"it differs from a retrained model in {what}, {names.of(curve.run)}",
                f"mean over the forget set of the absolute difference in {what}, both modalities",
                Claim("above", SMALLEST),
                [distance],
                itself,
                unit="nats" if logprob else "difference of shares",
                comment=f"{when.words()}; noise alone makes this larger than 0",
                bounded=not logprob,
            )
        )
    return found


def _utility(study: Study, names: _Names, curve: Curve, when: Forgotten) -> list[Finding]:
    steps = curve.last() | dict(when.steps)
    after, before = attribute_shares(curve, steps), attributes_before(curve)
    if not after or not before:
        return []
    return [
        study.finding(
            FAMILY,
            f"it still sees and reads, {names.of(curve.run)}",
            "accuracy in telling attributes minus that before unlearning; at most 5 points lost",
            KEPT,
            [after, before],
            minus,
            comment=percents([after, before]),
        )
    ]
