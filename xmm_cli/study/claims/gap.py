"""Does what is learned in one modality come out in the other, and how much of it?"""

from typing import Any

from xmm_cli.rows.types import Finding
from xmm_cli.scoring.metrics.asymmetry import asymmetry
from xmm_cli.study.effects import Shares
from xmm_cli.study.guessing import Guess, guessed
from xmm_cli.study.study import DIRECTIONS, Study, minus, percents
from xmm_cli.study.verdict import APART, PRESENT

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
        guess = guessed(study, source, target, cross)
        if not guess.known:
            why = "no rows of strangers or of the untrained base"
            study.leave_out("transfer", why, f"{source} → {target}")
            continue
        found.append(
            study.share_of(
                FAMILY,
                f"something crosses, {source} → {target}",
                "memory in the other modality",
                PRESENT,
                cross,
                comment=f"recall {percents([cross])}; {guess.words}",
                chance=guess.chance,
            )
        )
    cells = [study.shares(source, asked) for source, to in DIRECTIONS for asked in (source, to)]
    return [*found, _asymmetry(study, cells)] if all(cells) else found


def guesses(study: Study, source: Any, target: Any, cells: list[Shares], base: str) -> list[Guess]:
    """Chance in the modality learned in and in the other one."""
    return [
        guessed(study, source, asked, cell, base)
        for asked, cell in zip((source, target), cells, strict=True)
    ]


def gap_row(study: Study, family: str, source: Any, target: Any, base: str = "") -> Finding:
    """The gap of a direction, on the default base or the one named; as the metric transfer_gap."""
    same, cross = study.shares(source, source, base), study.shares(source, target, base)
    chance = guesses(study, source, target, [same, cross], base)
    return study.finding(
        family,
        f"a gap remains, {source} → {target}" + (f", {base}" if base else ""),
        "memory in the modality learned in minus memory in the other one, paired",
        PRESENT,
        [same, cross],
        minus,
        comment=f"recall {percents([same, cross])}{otherwise(study, source, target, base)}; "
        + " and ".join(dict.fromkeys(one.words for one in chance)),
        chances=[one.chance for one in chance],
    )


def otherwise(study: Study, source: Any, target: Any, base: str, **fields: Any) -> str:
    """The same two recalls by rank, and among answers with a measured name: ahead of `; `.

    What falls in recall and not here is a bias of the answer, no loss of memory.
    """
    places = [study.place(source, asked, base, **fields) for asked in (source, target)]
    ranked = [study.people.first_ranks(place) for place in places]
    among = [study.people.restricted(place) for place in places]
    said = f"; ranked first {percents(ranked)}" if all(ranked) else ""
    return said + (f"; of answers with a measured name {percents(among)}" if all(among) else "")


def _asymmetry(study: Study, cells: list[Shares]) -> Finding:
    chances = [
        guess
        for at, (source, target) in enumerate(DIRECTIONS)
        for guess in guesses(study, source, target, cells[2 * at : 2 * at + 2], "")
    ]
    return study.finding(
        FAMILY,
        "the two directions differ",
        "transfer ratio of image → text minus that of text → image",
        APART,
        cells,
        asymmetry,
        unit="difference of ratios",
        comment=" and ".join(dict.fromkeys(one.words for one in chances)),
        chances=[guess.chance for guess in chances],
    )
