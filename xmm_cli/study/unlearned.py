"""What unlearned models forgot and kept besides the leak, and how far off they are.

At the last saved step of each run. The yardstick of distance are two models that were retrained
without the forget set and differ in their seed alone: an unlearned model that is as far from one of
them as they are from each other cannot be told from a retrained one.
"""

from xmm_cli.rows.types import MODALITIES, Finding, Modality
from xmm_cli.study.claims.unlearning import Names, worked_on
from xmm_cli.study.curves import Curve, curves, guess_of, retrained_models
from xmm_cli.study.effects import SeededPerson, Shares
from xmm_cli.study.moments import (
    Moment,
    attributes,
    attributes_before,
    last_step,
    was_learned,
)
from xmm_cli.study.study import Study, averaged, minus, percents
from xmm_cli.study.verdict import KEPT, NONE, PRESENT

FAMILY = "unlearned models"


def find(study: Study) -> list[Finding]:
    """What is forgotten; what is kept of others, and of seeing and reading; distances."""
    runs = curves(study)
    names = Names(run.run for run in runs)
    read = [(curve, last_step(curve), names.of(curve.run)) for curve in runs]
    found = [
        _forgotten(study, curve, worked, moment, name)
        for curve, moment, name in read
        for worked in worked_on(curve.run.through)
        if was_learned(curve, worked)
    ]
    for way in (_retained, _attributes, _distance):
        found += [row for one in read for row in way(study, *one)]
    return found


def _forgotten(study: Study, curve: Curve, worked: Modality, moment: Moment, name: str) -> Finding:
    left = curve.along("forget", worked, moment.steps)
    guess = guess_of(curve, worked, left)
    return study.share_of(
        FAMILY,
        f"{worked} is forgotten, {name}",
        "memory of the forget set in the modality worked on, at the last saved step; forgotten if "
        "it is below 10 %",
        NONE,
        left,
        comment=f"{moment.words()}; {guess.words}",
        chance=guess.chance,
    )


def _kept(
    study: Study, claim: str, measure: str, after: Shares, before: Shares, moment: Moment
) -> list[Finding]:
    if not after or not before:
        return []
    said = f"{moment.words()}; {percents([before, after])}"
    return [study.finding(FAMILY, claim, measure, KEPT, [after, before], minus, comment=said)]


def _retained(study: Study, curve: Curve, moment: Moment, name: str) -> list[Finding]:
    measure = (
        "recall of the retain set at the last saved step, both modalities, minus that before "
        "unlearning; at most 5 points lost"
    )
    after, before = curve.retained(moment.steps), curve.retained_before()
    return _kept(study, f"the retain set is kept, {name}", measure, after, before, moment)


def _attributes(study: Study, curve: Curve, moment: Moment, name: str) -> list[Finding]:
    measure = (
        "accuracy in telling attributes at the last saved step minus that before unlearning; at "
        "most 5 points lost"
    )
    after, before = attributes(curve, moment.steps), attributes_before(curve)
    return _kept(study, f"it still sees and reads, {name}", measure, after, before, moment)


def _distance(study: Study, curve: Curve, moment: Moment, name: str) -> list[Finding]:
    """How far the forget set's answers are from a retrained model's, beyond what two differ by."""
    own_apart, two_apart = [], []
    for modality in MODALITIES:
        own = curve.along("forget", modality, moment.steps, logprob=True)
        models = retrained_models(study, curve.run, modality)
        if not own or not models:
            continue
        if len(models) < 2:
            study.leave_out("distances to a retrained model", "only one was retrained")
            return []
        first, second = models[:2]
        own_apart.append(_apart(own, first))
        two_apart.append(_apart(second, first))
    distance, usual = averaged(own_apart), averaged(two_apart)
    if not distance or not usual:
        study.leave_out("distances to a retrained model", "no ranked rows of both")
        return []
    return [
        study.finding(
            FAMILY,
            f"it differs from a retrained model in log-probability, {name}",
            "mean absolute difference of a person's log-probability to a retrained model, minus "
            "that of two retrained models to each other; both modalities",
            PRESENT,
            [distance, usual],
            minus,
            unit="nats",
            comment=f"{moment.words()}; {_nats(distance)} beside {_nats(usual)} nats",
            bounded=False,
        )
    ]


def _apart(own: Shares, other: Shares) -> dict[SeededPerson, float]:
    return {one: abs(own[one] - other[one]) for one in own.keys() & other.keys()}


def _nats(shares: Shares) -> str:
    return f"{sum(shares.values()) / len(shares):.2f}"
