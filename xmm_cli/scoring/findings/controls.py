"""What must not be there, and what must: untrained, blank, swapped, shuffled, aux, attributes."""

from typing import Any

from xmm_cli.rows.types import MODALITIES
from xmm_cli.scoring.findings.estimate import Shares
from xmm_cli.scoring.findings.finding import NONE, SMALLEST, Claim, Finding
from xmm_cli.scoring.findings.study import Study, itself, minus, percents

FAMILY = "controls"
SOURCES = ("image", "text", "both")
SEES = 0.9
"""Accuracy in telling attributes that a base must have before anything else is claimed of it."""
SPELLED = {
    "blank": "without picture or text, nothing is recalled",
    "swapped": "with another person's view, the name is not given",
    "shuffled": "names without a face are not recalled on new views",
    "aux": "people never taught are not known",
}


def find(study: Study) -> list[Finding]:
    """All controls that were asked."""
    asked = [
        _untrained(study),
        _attributes(study),
        _nothing(study, "blank", control="blank"),
        _nothing(study, "swapped", control="swapped"),
        _nothing(study, "shuffled", names="shuffled"),
        _nothing(study, "aux", role="aux"),
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
    found = _untrained_bases(study, "name")
    if not found:
        study.leave_out("untrained control", "no rows of the untrained base")
    return [
        study.finding(
            FAMILY,
            f"the untrained base knows no names, {modality}, {base}",
            "recall of the base without an adapter; none if it is below 10 %",
            NONE,
            [shares],
            itself,
            unit="share",
        )
        for base, modality, shares in found
    ]


def _attributes(study: Study) -> list[Finding]:
    found = _untrained_bases(study, "attribute")
    if not found:
        study.leave_out("attribute control", "no rows of attributes told by the untrained base")
    return [
        study.finding(
            FAMILY,
            f"the base tells attributes, {modality}, {base}",
            "accuracy of the base without an adapter on what is visible; enough above 90 %",
            Claim("above", SEES),
            [shares],
            itself,
            unit="share",
        )
        for base, modality, shares in found
    ]


def _nothing(study: Study, what: str, **fields: Any) -> list[Finding]:
    """Recall that must be none, in every cell that was asked so."""
    rows = []
    for source in SOURCES:
        for modality in MODALITIES:
            shares = study.shares(source, modality, **fields)
            if shares:
                rows.append(
                    study.finding(
                        FAMILY,
                        f"{SPELLED[what]}, {source} → {modality}",
                        f"recall in the control {what!r}; none if it is below 10 %",
                        NONE,
                        [shares],
                        itself,
                        unit="share",
                    )
                )
    if not rows:
        study.leave_out(f"{what} control", "no such rows")
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
                    f"from the name, looks are not recalled, {source} → {modality}",
                    "attributes told by the name alone, minus those the untrained base tells; "
                    "none if it is below 5 points",
                    Claim("below", SMALLEST),
                    [shares, untrained],
                    minus,
                    comment=percents([shares, untrained]),
                )
            )
    if not rows:
        study.leave_out("reverse question", "no such rows of trained and untrained models")
    return rows
