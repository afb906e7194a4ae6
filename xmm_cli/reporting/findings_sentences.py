"""What findings say, in sentences: each is made of a claim and the verdict on it.

So no sentence is stronger than its row. Findings of one family that claim the same, and have the
same verdict, share a sentence.
"""

from collections.abc import Sequence

from xmm_cli.reporting.findings_table import effect_of
from xmm_cli.rows.types import Finding, Verdict

BEGINNINGS: dict[Verdict, str] = {
    "holds": "",
    "negligible": "Negligible, if anything: ",
    "does not hold": "It does not hold that ",
    "unclear": "It is unclear whether ",
}
"""What stands before a claim."""
MOST = 8
"""So many cases are listed in a sentence; of more, the number."""


def sentences(rows: Sequence[Finding]) -> list[str]:
    """One for each claim and verdict, in the order of the rows."""
    found: dict[tuple[str, Verdict], list[str]] = {}
    for row in rows:
        claim, _, condition = row.claim.partition(", ")
        effect = effect_of(row) if row.effect is not None else f"no number: {row.comment}"
        case = f"{condition} ({effect})" if condition else f"({effect})"
        found.setdefault((claim, row.verdict), []).append(case)
    return [_sentence(claim, verdict, cases) for (claim, verdict), cases in found.items()]


def _sentence(claim: str, verdict: Verdict, cases: list[str]) -> str:
    start = BEGINNINGS[verdict] + claim
    told = f": {'; '.join(cases)}"
    if cases[0].startswith("(") and len(cases) == 1:
        told = f" {cases[0]}"
    elif len(cases) > MOST:
        told = f", in {len(cases)} cases (see the table)"
    return f"{start[0].upper()}{start[1:]}{told}."
