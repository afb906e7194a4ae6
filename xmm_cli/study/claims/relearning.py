"""Does teaching some of the forgotten again bring the others back?

Asked are those of the forget set who were not taught again, after the attack and at the last step
of unlearning. The yardstick is a model that was trained without them and then taught the same few.
An attack that wrecks the model brings nothing back from it: so the retain set is told too.
"""

from collections import defaultdict
from typing import NamedTuple

from xmm_cli.rows.types import Finding, Modality
from xmm_cli.study.curves import RETRAIN, Curve, UnlearningRun, every_curve
from xmm_cli.study.effects import Shares, mean
from xmm_cli.study.place import Place
from xmm_cli.study.study import Study, minus, percents
from xmm_cli.study.verdict import PRESENT

FAMILY = "relearning"


class Relearning(NamedTuple):
    """An unlearned model, taught again in one modality and asked in one."""

    run: UnlearningRun
    relearned: str
    asked: Modality


def find(study: Study) -> list[Finding]:
    """A row per attack on an unlearned model, and one with the difference to the yardstick."""
    attacks = _attacks(study)
    if not attacks:
        study.leave_out(FAMILY, "no rows of models taught again")
        return []
    found = []
    for attack, (after, before, steps) in attacks.items():
        if attack.run.objective == RETRAIN:
            continue
        kept = _retained(study, attack, steps)
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
                comment=f"after {steps} steps; {percents([before, after])}{kept}",
            )
        )
        if yardstick := _yardstick(attacks, attack):
            found.append(
                study.finding(
                    FAMILY,
                    f"more comes back than in a retrained model, {name}",
                    "gain by relearning minus that of the model trained without them",
                    PRESENT,
                    [after, before, *yardstick],
                    lambda after, before, theirs, start: (after - before) - (theirs - start),
                    comment=f"retrained {percents(yardstick[::-1])}",
                )
            )
    return found


def _name(attack: Relearning) -> str:
    run = attack.run
    how = run.objective if run.objective == RETRAIN else f"{run.objective} through {run.through}"
    return f"{how}, taught {attack.relearned}, asked {attack.asked}"


def _attacks(study: Study) -> dict[Relearning, tuple[Shares, Shares, int]]:
    """Recall after, recall before, and the number of steps of each attack, in a fixed order."""
    steps: dict[Relearning, dict[int, Place]] = defaultdict(dict)
    for place in study.people.places(task="name", role="eval", set="forget", control=None):
        if place.relearned is None or place.objective is None or place.modality is None:
            continue
        run = UnlearningRun(place.source, place.base, place.objective, place.through or "both")
        attack = Relearning(run, place.relearned, place.modality)
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


def _in_order(attack: Relearning) -> tuple[str, ...]:
    return (*map(str, attack.run), attack.relearned, attack.asked)


def _retained(study: Study, attack: Relearning, steps: int) -> str:
    """`; retain set 97 → 35 %`, asked in the same modality, as far as it was."""
    run = attack.run
    places = study.people.places(
        source=run.source, base=run.base, objective=run.objective, modality=attack.asked,
        task="name", role="eval", set="retain", relearned=attack.relearned, relearn_steps=steps,
        control=None,
    )  # fmt: skip
    places = [place for place in places if (place.through or "both") == run.through]
    if not places:
        return ""
    after = study.people.shares(places[0])
    unlearned = [curve for curve in every_curve(study) if curve.run == run]
    before = [curve.along("retain", attack.asked, curve.last()) for curve in unlearned]
    start = f"{100 * mean(before[0]):.0f} → " if before and before[0] else ""
    return f"; retain set {start}{percents([after])}"


def _at_the_end(curve: Curve, modality: Modality) -> Shares:
    return curve.along("forget", modality, curve.last())


def _yardstick(
    attacks: dict[Relearning, tuple[Shares, Shares, int]], attack: Relearning
) -> list[Shares] | None:
    """After and before of the retrained model under the same attack."""
    fits = [
        other
        for other in attacks
        if other.run.objective == RETRAIN
        and (other.run.source, other.run.base) == (attack.run.source, attack.run.base)
        and (other.relearned, other.asked) == (attack.relearned, attack.asked)
    ]
    fits.sort(key=lambda other: other.run.through != attack.run.through)
    return list(attacks[fits[0]][:2]) if fits else None
