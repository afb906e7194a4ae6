"""The condition on a verdict that ends `xmm report --audit` with another exit code.

    condition  =  "verdict" [ "[" modality "]" ] ( "==" | "!=" ) verdict

Without a modality it is about the whole.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from xmm_cli.errors import BadData, GateTripped, WrongUsage
from xmm_cli.reporting.words import clean
from xmm_cli.rows.audit import Audit, AuditVerdict

_CONDITION = re.compile(r"\s*verdict\s*(?:\[\s*(image|text)\s*\])?\s*(==|!=)\s*(.+?)\s*")
_IS_ABOUT_A_VERDICT = re.compile(r"\s*verdict\b")


@dataclass(frozen=True, slots=True)
class VerdictGate:
    """One condition, read."""

    text: str
    modality: str | None
    equal: bool
    verdict: str

    def tripped_by(self, row: Audit) -> bool:
        """Whether the row makes the condition true."""
        return (row.verdict == self.verdict) == self.equal


def read_verdict_gate(text: str) -> VerdictGate:
    """The condition in a text. Raises `WrongUsage`."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        hint = "write verdict != erased, or verdict[text] == leaking"
        raise WrongUsage(f"--fail-if {text!r} is no condition on a verdict", hint)
    verdict = match[3].strip("'\"")
    if verdict not in get_args(AuditVerdict):
        known = ", ".join(get_args(AuditVerdict))
        raise WrongUsage(f"--fail-if {text!r}: no verdict {verdict!r}", f"known: {known}")
    return VerdictGate(text.strip(), match[1], match[2] == "==", verdict)


def refuse_verdicts(conditions: Sequence[str]) -> None:
    """Refuse conditions on a verdict where there is none. Raises `WrongUsage`."""
    for text in conditions:
        if _IS_ABOUT_A_VERDICT.match(text):
            raise WrongUsage(f"--fail-if {text!r} without --audit", "verdicts are of an audit")


def check_verdicts(gates: Sequence[VerdictGate], rows: Sequence[Audit]) -> None:
    """Nothing, if all conditions are false of all models.

    Raises:
        GateTripped: one is true of some model; the message names the verdict.
        BadData: one is about no row.
    """
    said = []
    for gate in gates:
        about = [row for row in rows if row.modality == gate.modality]
        if not about:
            raise BadData(f"--fail-if {gate.text!r} is about no row", "no verdict of that modality")
        tripped = [row for row in about if gate.tripped_by(row)]
        if tripped:
            found = ", ".join(f"{clean(row.objective)} is {row.verdict}" for row in tripped)
            said.append(f"{gate.text}: {found}")
    if said:
        raise GateTripped("gate: " + "; ".join(said))
