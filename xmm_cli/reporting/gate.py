"""Conditions on scores that end a command with another exit code: `leak > 0.05`.

    condition  =  metric [ "[" filter {"," filter} "]" ] ["." bound] comparison number
    metric     =  the name of a metric; `gap` and `ratio` are short for transfer_gap, transfer_ratio
    filter     =  image | text | both            a modality asked in (leak[image])
               |  source->modality               a cell or a direction (gap[image->text], or →)
               |  generate | rank                a way of answering
               |  heldout | train | forget | retain | relearned | earlier
               |  same-person | same-fact
               |  label=value                    a label of the condition (gap[views=4])
    bound      =  value (if absent) | low | high  which end of the interval is compared
    comparison =  < | <= | > | >= | == | !=

A gate that matches no row, or only rows without that number, is an error and never a pass; so is
a number that no score of the metric can have.
"""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from xmm_cli.errors import BadData, GateTripped, WrongUsage
from xmm_cli.registry import Registry
from xmm_cli.reporting.words import clean
from xmm_cli.rows.types import Score

DIFFERENCE = "_difference"
"""End of the name of a metric of one run minus that of another (`xmm score --against`)."""
OF_TWO_RUNS = ("gap_closed",)
"""Scores of two runs that are no difference."""
SHORT = {"gap": "transfer_gap", "ratio": "transfer_ratio"}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
FIELDS = {
    "generate": "answer", "rank": "answer",
    "heldout": "split", "train": "split",
    "forget": "set", "retain": "set", "relearned": "set",
    "earlier": "set", "same-person": "set", "same-fact": "set",
    "image": "modality", "text": "modality",
}  # fmt: skip
SHOWN = 3
"""So many rows that tripped are named."""

_CONDITION = re.compile(
    r"""\s*(?P<metric>[A-Za-z_]\w*)
        \s*(?:\[(?P<filters>[^\[\]]*)\])?
        \s*(?:\.\s*(?P<bound>value|low|high))?
        \s*(?P<comparison><=|>=|==|!=|<|>)
        \s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
        \s*(?P<percent>%)?\s*""",
    re.VERBOSE,
)
_CELL = re.compile(r"(image|text|both)\s*(?:->|→)\s*(image|text)")


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition, read."""

    text: str
    metric: str
    fields: dict[str, str]
    labels: dict[str, str]
    bound: str
    comparison: str
    number: float

    def picks(self, score: Score) -> bool:
        """Whether the condition is about this row."""
        return (
            score.metric == self.metric
            and all(getattr(score, name) == value for name, value in self.fields.items())
            and all(
                name in score.condition and _label(score.condition[name]) == value
                for name, value in self.labels.items()
            )
        )

    def tripped_by(self, score: Score) -> bool:
        """Whether the row makes the condition true; a row without the number does not."""
        value: float | None = getattr(score, self.bound)
        return value is not None and COMPARISONS[self.comparison](value, self.number)


def read_gate(text: str, metrics: Registry) -> Gate:
    """The condition in a text, on one of these metrics.

    Raises:
        WrongUsage: it is none, there is no such metric, or none of its scores can be that large.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        hint = "write METRIC[FILTERS].BOUND > NUMBER, like 'leak > 0.05' or 'gap[image->text] < 1'"
        raise WrongUsage(f"--fail-if {text!r} is no condition", hint)
    fields: dict[str, str] = {}
    labels: dict[str, str] = {}
    for word in (match["filters"] or "").split(","):
        _read_filter(word.strip(), text, fields, labels)
    number = float(match["number"]) / (100 if match["percent"] else 1)
    metric = SHORT.get(match["metric"], match["metric"])
    _check_number(match, metric, number, metrics)
    bound = match["bound"] or "value"
    return Gate(text.strip(), metric, fields, labels, bound, match["comparison"], number)


def _check_number(match: re.Match[str], name: str, number: float, metrics: Registry) -> None:
    """Refuse a number that is in percent but does not say so, or is too large in any case."""
    if name in OF_TWO_RUNS:
        return
    own = name.removesuffix(DIFFERENCE)
    ends = extremes(metrics.load(metrics.check(own)))
    if ends is None:
        return
    if own != name:
        ends = ends[0] - ends[1], ends[1] - ends[0]
    if abs(number) <= ends[1]:
        return
    before = match.string[: match.start("number")].strip()
    what = "share" if ends[0] == 0 else "difference of shares"
    hint = f"{name} is a {what} from {ends[0]:g} to {ends[1]:g}"
    if abs(number) <= 100 * ends[1]:
        hint += f": write {before} {number / 100:g} or {before} {number:g} %"
    raise WrongUsage(f"--fail-if {match.string!r}", hint)


def extremes(metric: Any) -> tuple[float, float] | None:
    """The least and the most that a formula of shares can give; None for other metrics.

    A formula is monotone in each share, so it is where each share is 0 or 1. A ratio has no most,
    nor has a mean of ranks or of log-probabilities.
    """
    if not getattr(metric, "bounded", False) or metric.divisors:
        return None
    corners = product((0.0, 1.0), repeat=len(metric.over[0].cells))
    values = [float(metric.formula(*corner)) for corner in corners]
    return min(values), max(values)


def _read_filter(word: str, text: str, fields: dict[str, str], labels: dict[str, str]) -> None:
    cell = _CELL.fullmatch(word)
    if not word and "[" not in text:
        return
    if cell is not None:
        chosen = {"source": cell[1], "modality": cell[2]}
    elif word in FIELDS:
        chosen = {FIELDS[word]: word}
    elif word == "both":
        chosen = {"source": word}
    elif "=" in word:
        name, _, value = word.partition("=")
        labels[name.strip()] = value.strip()
        return
    else:
        known = f"{', '.join(FIELDS)}, image->text, LABEL=VALUE"
        raise WrongUsage(f"--fail-if {text!r}: no filter {word!r}", f"known: {known}")
    for name, value in chosen.items():
        if fields.setdefault(name, value) != value:
            raise WrongUsage(f"--fail-if {text!r}: {name} is both {fields[name]} and {value}")


def check_gates(gates: Sequence[Gate], scores: Sequence[Score]) -> None:
    """Nothing, if all conditions are false.

    Raises:
        GateTripped: one is true; the message names the rows.
        BadData: one is about no row, or only about rows without that number.
    """
    said = []
    for gate in gates:
        picked = [score for score in scores if gate.picks(score)]
        having = [score for score in picked if getattr(score, gate.bound) is not None]
        if not having:
            raise BadData(*_about_nothing(gate, picked, scores))
        tripping = [score for score in having if gate.tripped_by(score)]
        if tripping:
            rows = ", ".join(_row(gate, score) for score in tripping[:SHOWN])
            more = len(tripping) - SHOWN
            said.append(f"{gate.text}: {rows}" + (f" and {more} more rows" if more > 0 else ""))
    if said:
        raise GateTripped("gate: " + "; ".join(said))


def _about_nothing(
    gate: Gate, picked: Sequence[Score], scores: Sequence[Score]
) -> tuple[str, str | None]:
    if picked:
        return f"--fail-if {gate.text!r}: no row it is about has a {gate.bound}", picked[0].method
    metrics = sorted({score.metric for score in scores})
    known = ", ".join(clean(name) for name in metrics) or "none"
    if gate.metric in metrics:
        return f"--fail-if {gate.text!r} is about no row", "its filters fit none of that metric"
    return f"--fail-if {gate.text!r} is about no row", f"metrics here: {known}"


def _row(gate: Gate, score: Score) -> str:
    """`leak[image->text, generate, views=4] 0.12`."""
    ends = [score.source or "", score.modality or ""]
    cell = "->".join(end for end in ends if end)
    labels = [f"{name}={_label(value)}" for name, value in score.condition.items()]
    words = [cell, score.answer, score.set or "", *labels]
    where = clean(", ".join(word for word in words if word))
    return f"{clean(score.metric)}[{where}] {getattr(score, gate.bound):.4g}"


def _label(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
