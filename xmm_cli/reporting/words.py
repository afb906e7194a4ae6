"""Numbers and names as a reader sees them."""

import re

from xmm_cli.rows.types import Answer, Label, Score

MINUS = "−"
ABSENT = "–"


_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls, line separators, marks that reverse the reading direction, lone surrogates."""


def clean(text: str) -> str:
    r"""`text` on one line, with harmful characters written out (`\x1b`).

    So nothing that stands in a row moves a cursor, sets a title or turns a line around.
    """
    return _HARMFUL.sub(lambda match: ascii(match[0])[1:-1], text)


def whole(value: float) -> str:
    """A share in whole hundredths: 0.974 as 97, with a true minus."""
    text = f"{100 * value:.0f}"
    return "0" if text == "-0" else text.replace("-", MINUS)


def interval(score: Score, form: str = "hundredths") -> str:
    """Both ends in brackets, or nothing where there are none."""
    if score.low is None or score.high is None:
        return ""
    low, high = score.low, score.high
    if form == "plain":
        return f"[{plain(low)} to {plain(high)}]"
    between = " to " if MINUS in whole(low) + whole(high) else "–"
    return f"[{whole(low)}{between}{whole(high)}]"


def plain(value: float) -> str:
    """A number of a metric of which nothing else is known."""
    return f"{value:.3g}".replace("-", MINUS)


def percent(score: Score) -> str:
    """`97 % [93–99]`; 99.5 % is not called 100, nor 0.4 % 0."""
    return ABSENT if score.value is None else f"{share(score.value)} % {interval(score)}".rstrip()


def points(score: Score) -> str:
    """`56 points [49–63]`, for differences of shares."""
    if score.value is None:
        return ABSENT
    return f"{whole(score.value)} points {interval(score)}".rstrip()


def share(value: float) -> str:
    """A share in hundredths; 99.5 is not called 100, nor 0.4 called 0."""
    text = whole(value)
    if (text == "100" and value < 1) or (text == "0" and value > 0):
        return f"{100 * value:.1f}"
    return text


def verdict(score: Score) -> str:
    """Whether the interval excludes zero and, of one among several comparisons, Holm's p agrees."""
    sure = []
    if score.low is not None and score.high is not None:
        sure.append(score.low > 0 or score.high < 0)
    if score.p_holm is not None:
        sure.append(score.p_holm < 1 - score.level)
    if not sure:
        return ""
    return "clear" if all(sure) else "not clear"


def corrected(score: Score) -> str:
    """`p (Holm) 0.36`, or nothing where there is none."""
    if score.p_holm is None:
        return ""
    return f"p (Holm) {score.p_holm:.2g}" if score.p_holm >= 0.0001 else "p (Holm) < 0.0001"


def labels(condition: dict[str, Label]) -> str:
    """`steps=150, views=4`."""
    return ", ".join(clean(f"{name}={_label(value)}") for name, value in condition.items())


def _label(value: Label) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def asked_how(answer: Answer, task: str, candidates: int | None) -> str:
    """How an answer had to be given to count as right."""
    noun = {"name": "name", "fact": "fact", "attribute": "attribute"}.get(task, "answer")
    if answer == "generate":
        return f"Generated {noun}, exact match"
    among = f"{candidates} {noun}s" if candidates else f"several {noun}s"
    return f"Ranked first among {among}"


def counted(number: int, noun: str) -> str:
    """`1 person`, `1,280 questions`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def span(numbers: set[int], noun: str) -> str:
    """`20 persons`, or `18–20 persons` where it varies."""
    least, most = min(numbers, default=0), max(numbers, default=0)
    return counted(most, noun) if least == most else f"{least:,}–{most:,} {noun}s"
