"""Does what is learned in one modality come out in the other, and how much of it?"""

from typing import Any

import numpy as np

from xmm_cli.scoring.findings.estimate import Formula, Shares, mean
from xmm_cli.scoring.findings.finding import APART, PRESENT, Finding
from xmm_cli.scoring.findings.study import DIRECTIONS, Study, minus, percents

FAMILY = "gap"


def find(study: Study) -> list[Finding]:
    """Gap, transfer and asymmetry of plain models of the default base."""
    found = []
    for source, target in DIRECTIONS:
        same, cross = study.shares(source, source), study.shares(source, target)
        if not same or not cross:
            study.leave_out("gap", "no rows of models that learned so", f"{source} → {target}")
            continue
        found.append(gap_row(study, FAMILY, source, target))
        untrained = study.untrained(target, cross)
        if not untrained:
            study.leave_out("transfer", "no rows of the untrained base", f"{source} → {target}")
            continue
        found.append(
            study.finding(
                FAMILY,
                f"something crosses, {source} → {target}",
                "recall in the other modality minus that of the untrained base, paired",
                PRESENT,
                [cross, untrained],
                minus,
                comment=percents([cross, untrained]),
            )
        )
    cells = [study.shares(source, asked) for source, to in DIRECTIONS for asked in (source, to)]
    return [*found, _asymmetry(study, cells)] if all(cells) else found


def gap_row(study: Study, family: str, source: Any, target: Any, base: str = "") -> Finding:
    """The gap of a direction, on the default base or the one named."""
    same, cross = study.shares(source, source, base), study.shares(source, target, base)
    ranked = [study.people.first_ranks(study.place(source, to, base)) for to in (source, target)]
    said = percents([same, cross])
    if all(ranked):
        said += f"; ranked first {percents(ranked)}"
    return study.finding(
        family,
        f"a gap remains, {source} → {target}" + (f", {base}" if base else ""),
        "recall in the modality learned in minus recall in the other one, paired",
        PRESENT,
        [same, cross],
        minus,
        comment=said,
    )


def _asymmetry(study: Study, cells: list[Shares]) -> Finding:
    chances = [study.untrained(modality, cells[0]) for modality in ("image", "text")]
    image, text = (mean(chance) if chance else 0.0 for chance in chances)
    said = "" if all(chances) else "chance taken as 0: no untrained rows"

    def formula(image_image: Any, image_text: Any, text_text: Any, text_image: Any) -> Any:
        there = ratio(image, text)(image_image, image_text)
        return there - ratio(text, image)(text_text, text_image)

    return study.finding(
        FAMILY,
        "the two directions differ",
        "transfer ratio of image → text minus that of text → image; "
        "chance is the untrained base's mean recall, taken as exact",
        APART,
        cells,
        formula,
        unit="difference of ratios",
        comment=said,
    )


def ratio(same_chance: float, cross_chance: float) -> Formula:
    """Transfer ratio: what is remembered in the other modality over what is in the learned one.

    Both are corrected for chance, (recall − chance) / (1 − chance). Not a number where nothing is
    remembered in the learned one.
    """

    def formula(same: Any, cross: Any) -> Any:
        known = (np.asarray(same) - same_chance) / (1 - same_chance)
        crossed = (np.asarray(cross) - cross_chance) / (1 - cross_chance)
        return np.where(known > 0, crossed / np.where(known > 0, known, 1.0), np.nan)

    return formula
