"""Does forgetting through one modality reach what is known in the other?

Each run is read at two moments (`moments`): the last step, and the first at which the retain set is
back. There, in one row, from the same checkpoints: what is still recalled of the forget set in the
other modality (the leak) and in the one worked on, and what is left of the retain set and of
telling attributes. A run that forgot nothing leaks all, so the leak is read beside what is left in
the modality worked on. Through both modalities, the leak is looked at in each.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, cast

from xmm_cli.rows.types import MODALITIES, Finding, Modality
from xmm_cli.study.curves import Curve, UnlearningRun, curves, guess_of
from xmm_cli.study.effects import SeededPerson, Shares, mean
from xmm_cli.study.moments import (
    AT_CHANCE,
    Moment,
    attributes,
    attributes_before,
    last_step,
    recovery,
    was_learned,
)
from xmm_cli.study.study import OTHER, Study, empty, percent, percents
from xmm_cli.study.verdict import PRESENT

FAMILY = "unlearning"
NOT_LEARNED = "it was not learned before"
NEVER_BACK = "the retain set never came back"


def find(study: Study) -> list[Finding]:
    """Leaks run by run at both moments, then their means over all methods."""
    runs = curves(study)
    if not runs:
        study.leave_out(FAMILY, "no rows of unlearned models")
        return []
    names = Names(run.run for run in runs)
    leaks = [
        Leak(curve, worked, last_step(curve), recovery(curve))
        for curve in runs
        for worked in worked_on(curve.run.through)
    ]
    found = [row for leak in leaks for row in _leak_rows(study, names, leak)]
    return found + _mean_leaks(study, names, leaks)


class Leak(NamedTuple):
    """A run looked at in the modality that it does not work on, and when."""

    curve: Curve
    worked: Modality
    last: Moment
    back: Moment

    @property
    def other(self) -> Modality:
        """The modality that is asked."""
        return OTHER[self.worked]

    def left(self, moment: Moment) -> Shares:
        """What is recalled of the forget set there."""
        return self.curve.along("forget", self.other, moment.steps)


def worked_on(through: str) -> tuple[Modality, ...]:
    """The modalities in which recall is brought down."""
    return MODALITIES if through == "both" else (cast(Modality, through),)


class Names:
    """Says of a run what sets it apart from the others here, and no more."""

    def __init__(self, runs: Iterable[UnlearningRun]) -> None:
        found = list(runs)
        self.sources = len({run.source for run in found}) > 1
        self.bases = len({run.base for run in found}) > 1

    def rest(self, run: UnlearningRun) -> str:
        """`, learned from both, at lr 0.0003`."""
        said = [f"learned from {run.source}"] if self.sources else []
        said += [run.base] if self.bases else []
        said += [] if run.lr is None else [f"at lr {run.lr:g}"]
        return "".join(f", {one}" for one in said)

    def of(self, run: UnlearningRun) -> str:
        """`npo through image`, and the rest."""
        return f"{run.objective} through {run.through}{self.rest(run)}"


def _leak_rows(study: Study, names: Names, leak: Leak) -> list[Finding]:
    """At the last step; and where the retain set is back, if that is another one."""
    moments = [leak.last]
    if not leak.curve.retained_before() or not leak.curve.retained(leak.last.steps):
        study.leave_out("the retain set's return", "no rows of the retain set before and after")
    elif leak.back.steps != leak.last.steps:
        moments.append(leak.back)
    return [_leak_row(study, names, leak, moment) for moment in moments]


def _leak_row(study: Study, names: Names, leak: Leak, moment: Moment) -> Finding:
    claim = f"the {leak.other} side leaks, {names.of(leak.curve.run)}, {moment.name}"
    measure = f"memory of the forget set in the other modality, {moment.rule}"
    if not was_learned(leak.curve, leak.worked):
        return empty(FAMILY, claim, measure, "share", NOT_LEARNED)
    if not moment.steps:
        return empty(FAMILY, claim, measure, "share", NEVER_BACK)
    left = leak.left(moment)
    guess = guess_of(leak.curve, leak.other, left)
    comment = "; ".join([moment.words(), *_columns(leak, moment, left), guess.words])
    return study.share_of(
        FAMILY,
        claim,
        measure,
        PRESENT,
        left,
        comment=comment,
        chance=guess.chance,
    )


def _columns(leak: Leak, moment: Moment, left: Shares) -> list[str]:
    """What else the same checkpoints say."""
    curve, worked, other = leak.curve, leak.worked, leak.other
    own = curve.along("forget", worked, moment.steps)
    start, own_start = curve.before("forget", other), curve.before("forget", worked)
    said = [f"{other} {_after(left, start)}"]
    if own:
        said.append(f"{worked} {_after(own, own_start)}")
        if mean(own) > guess_of(curve, worked, own).mean + AT_CHANCE:
            said.append(f"not forgotten in {worked}")
    kept, seen = curve.retained(moment.steps), attributes(curve, moment.steps)
    if kept:
        said.append(f"retain set {_after(kept, curve.retained_before())}")
    if seen:
        said.append(f"attributes {_after(seen, attributes_before(curve))}")
    return said


def _after(after: Shares, before: Shares) -> str:
    """`98 → 6 %`, or what is left alone."""
    return f"{100 * mean(before):.0f} → {percent(mean(after))}" if before else percents([after])


def _mean_leaks(study: Study, names: Names, leaks: list[Leak]) -> list[Finding]:
    """Over all methods of a group, whatever became of them."""
    groups: dict[tuple[str, str, Modality], list[Leak]] = defaultdict(list)
    for leak in leaks:
        if was_learned(leak.curve, leak.worked):
            run = leak.curve.run
            groups[run.through, names.rest(run), leak.worked].append(leak)
    return [
        row
        for (through, rest, _), group in groups.items()
        for moments in ([one.last for one in group], [one.back for one in group])
        if len(group) > 1
        for row in _mean_leak(study, f"through {through}{rest}", group, moments)
    ]


def _mean_leak(study: Study, how: str, group: list[Leak], moments: list[Moment]) -> list[Finding]:
    """The mean at one moment; nothing where no method came to it."""
    there = [(leak, when) for leak, when in zip(group, moments, strict=True) if when.steps]
    left = _mean_of_present([leak.left(when) for leak, when in there])
    if not left:
        return []
    other = group[0].other
    guess = guess_of(group[0].curve, other, left)
    objectives = ", ".join(leak.curve.run.objective for leak, _ in there)
    return [
        study.share_of(
            FAMILY,
            f"a leak remains in {other}, {how}, mean of methods, {moments[0].name}",
            "mean over methods of the memory of the forget set in the other modality, "
            f"{moments[0].rule}",
            PRESENT,
            left,
            comment=f"{len(there)} of {len(group)} methods: {objectives}; {guess.words}",
            chance=guess.chance,
        )
    ]


def _mean_of_present(cells: list[Shares]) -> dict[SeededPerson, float]:
    """Each person's mean over the conditions that have them."""
    values: dict[SeededPerson, list[float]] = defaultdict(list)
    for cell in cells:
        for person, share in cell.items():
            values[person].append(share)
    return {person: sum(found) / len(found) for person, found in values.items()}
