"""Does teaching some of the forgotten again bring the others back?

Asked are those of the forget set who were not taught again. The yardstick is a model that was
trained without them and then taught the same few.
"""

from collections import defaultdict
from typing import NamedTuple

from xmm_cli.rows.types import Modality
from xmm_cli.scoring.findings.curves import RETRAIN, Curve, Run, every_curve
from xmm_cli.scoring.findings.estimate import Shares
from xmm_cli.scoring.findings.finding import PRESENT, Finding
from xmm_cli.scoring.findings.people import Place
from xmm_cli.scoring.findings.study import Study, minus, percents

FAMILY = "relearning"


class Attack(NamedTuple):
    """An unlearned model, taught again in one modality and asked in one."""

    run: Run
    relearned: str
    asked: Modality


def find(study: Study) -> list[Finding]:
    """A row per attack, with the yardstick's row and the difference to it."""
    attacks = _attacks(study)
    if not attacks:
        study.leave_out(FAMILY, "no rows of models taught again")
        return []
    found = []
    for attack, (after, before, steps) in attacks.items():
        name = _name(attack)
        found.append(
            study.finding(
                FAMILY,
                f"the rest comes back, {name}",
                "recall of forgotten persons who were not taught again, after relearning minus "
                "before",
                PRESENT,
                [after, before],
                minus,
                comment=f"after {steps} steps; {percents([after, before])}",
            )
        )
        yardstick = _yardstick(attacks, attack)
        if yardstick is not None:
            found.append(
                study.finding(
                    FAMILY,
                    f"more comes back than in a retrained model, {name}",
                    "gain by relearning minus that of the model trained without them",
                    PRESENT,
                    [after, before, *yardstick],
                    lambda after, before, theirs, start: (after - before) - (theirs - start),
                )
            )
    return found


def _name(attack: Attack) -> str:
    run = attack.run
    how = run.objective if run.objective == RETRAIN else f"{run.objective} through {run.through}"
    return f"{how}, taught {attack.relearned}, asked {attack.asked}"


def _attacks(study: Study) -> dict[Attack, tuple[Shares, Shares, int]]:
    """Recall after, recall before, and the number of steps of each attack, in a fixed order."""
    steps: dict[Attack, dict[int, Place]] = defaultdict(dict)
    for place in study.people.places(task="name", role="eval", set="forget", control=None):
        if place.relearned is None or place.objective is None or place.modality is None:
            continue
        run = Run(place.source, place.base, place.objective, place.through or "both")
        attack = Attack(run, place.relearned, place.modality)
        steps[attack][place.relearn_steps or 0] = place
    unlearned = {curve.run: curve for curve in every_curve(study)}
    found = {}
    for attack, places in steps.items():
        last = max(places)
        if last == 0:
            continue
        after = study.people.shares(places[last])
        before = study.people.shares(places[0]) if 0 in places else {}
        if not before and attack.run in unlearned:
            before = _at_the_end(unlearned[attack.run], attack.asked)
        if before:
            found[attack] = (after, before, last)
        else:
            study.leave_out(f"relearning, {_name(attack)}", "no rows from before")
    return {one: found[one] for one in sorted(found, key=_in_order)}


def _in_order(attack: Attack) -> tuple[str, ...]:
    return (*map(str, attack.run), attack.relearned, attack.asked)


def _at_the_end(curve: Curve, modality: Modality) -> Shares:
    return curve.along("forget", modality, curve.last())


def _yardstick(
    attacks: dict[Attack, tuple[Shares, Shares, int]], attack: Attack
) -> list[Shares] | None:
    """After and before of the retrained model under the same attack."""
    if attack.run.objective == RETRAIN:
        return None
    fits = [
        other
        for other in attacks
        if other.run.objective == RETRAIN
        and (other.run.source, other.run.base) == (attack.run.source, attack.run.base)
        and (other.relearned, other.asked) == (attack.relearned, attack.asked)
    ]
    fits.sort(key=lambda other: other.run.through != attack.run.through)
    return list(attacks[fits[0]][:2]) if fits else None
