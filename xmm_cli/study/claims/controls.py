"""Controls: the untrained base, views that are blank or swapped, shuffled names, strangers."""

from typing import Any

from xmm_cli.rows.types import MODALITIES, Finding
from xmm_cli.scoring.metrics.false_recognition import chance_of_a_name
from xmm_cli.study.effects import Shares, mean
from xmm_cli.study.guessing import recognised, taught_names
from xmm_cli.study.study import Study, minus, percents
from xmm_cli.study.verdict import NONE, SMALLEST, Claim

FAMILY = "controls"
SOURCES = ("image", "text", "both")
SEES = 0.9
"""Accuracy in telling attributes that a base must have before anything else is claimed of it."""
SPELLED = {
    "blank": "nothing is recalled without picture or text",
    "swapped": "the name is not given with another person's view",
    "shuffled": "names without a face are not recalled on new views",
}


def find(study: Study) -> list[Finding]:
    """All controls that were asked."""
    asked = [
        _untrained(study),
        _attributes(study),
        _nothing(study, "blank", control="blank"),
        _nothing(study, "swapped", control="swapped"),
        _nothing(study, "shuffled", names="shuffled"),
        _strangers(study),
        _reverse(study),
    ]
    return [row for rows in asked for row in rows]


def _untrained_bases(study: Study, task: Any) -> list[tuple[str, Any, Shares]]:
    places = study.people.places(
        source=None, task=task, role="eval", control=None, names=None, asking=None, mitigation=None
    )
    return [
        (place.base, place.modality, study.with_seeds(study.people.shares(place)))
        for place in places
    ]


def _untrained(study: Study) -> list[Finding]:
    return _of_the_base(
        study,
        "name",
        "untrained control: no rows of the untrained base",
        "the untrained base knows no names",
        "recall of the base without an adapter; none if it is below 10 %",
        NONE,
    )


def _attributes(study: Study) -> list[Finding]:
    return _of_the_base(
        study,
        "attribute",
        "attribute control: no rows of attributes told by the untrained base",
        "the base tells attributes",
        "accuracy of the base without an adapter on what is visible; enough above 90 %",
        Claim("above", SEES, margin=True),
    )


def _of_the_base(
    study: Study, task: str, absent: str, claim: str, effect: str, wanted: Claim
) -> list[Finding]:
    """A finding for each base and modality; `absent` is noted where there is none."""
    bases = _untrained_bases(study, task)
    if not bases:
        study.leave_out(*absent.split(": "))
    return [
        study.share_of(FAMILY, f"{claim}, {modality}, {base}", effect, wanted, shares)
        for base, modality, shares in bases
    ]


def _nothing(study: Study, what: str, **fields: Any) -> list[Finding]:
    """Recall that must be none, in every cell that was asked so."""
    rows = []
    for source in SOURCES:
        for modality in MODALITIES:
            shares = study.shares(source, modality, **fields)
            if shares:
                rows.append(
                    study.share_of(
                        FAMILY,
                        f"{SPELLED[what]}, {source} → {modality}",
                        f"recall in the control {what!r}; none if it is below 10 %",
                        NONE,
                        shares,
                    )
                )
    if not rows:
        study.leave_out(f"{what} control", "no such rows")
    return rows


def _strangers(study: Study) -> list[Finding]:
    """Whether those whom a model never met are called by the names of those it was taught.

    That strangers are not called by their own names shows nothing: the model never met those names.
    """
    rows = []
    for source in SOURCES:
        for modality in MODALITIES:
            place = study.place(source, modality)
            shares = recognised(study, place)
            if not shares:
                continue
            names = taught_names(study, place)
            said = ""
            if names:
                chance = chance_of_a_name(mean(shares), names)
                said = f"so guessing a name earns {100 * chance:.1f} % ({names:.0f} taught names)"
            rows.append(
                study.share_of(
                    FAMILY,
                    f"strangers are not called by taught names, {source} → {modality}",
                    "false recognition: share of strangers' answers that are the name of someone "
                    "taught; none if it is below 10 %",
                    NONE,
                    shares,
                    comment=said,
                )
            )
    if not rows:
        study.leave_out("false recognition", "no rows of strangers")
    return rows


def _reverse(study: Study) -> list[Finding]:
    rows = []
    for source in SOURCES:
        for modality in MODALITIES:
            shares = study.shares(source, modality, task="reverse")
            untrained = study.untrained(modality, shares, task="reverse") if shares else {}
            if not untrained:
                continue
            rows.append(
                study.finding(
                    FAMILY,
                    f"looks are not recalled from the name, {source} → {modality}",
                    "attributes told by the name alone, minus those the untrained base tells; "
                    "none if it is below 5 points",
                    Claim("below", SMALLEST, margin=True),
                    [shares, untrained],
                    minus,
                    comment=percents([shares, untrained]),
                )
            )
    if not rows:
        study.leave_out("reverse question", "no such rows of trained and untrained models")
    return rows
