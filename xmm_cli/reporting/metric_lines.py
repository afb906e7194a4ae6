"""What the memory grid shows: each metric across cells as a line, and as a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from xmm_cli.reporting.words import (
    ABSENT,
    clean,
    corrected,
    interval,
    percent,
    plain,
    points,
    verdict,
)
from xmm_cli.rows.types import Score

ASKED = {"image": "an image", "text": "a description"}
TAUGHT = {"image": "images", "text": "descriptions"}
IN_THE_GRID = ("recall", "chance", "memory")
ORDER = ("transfer_gap", "transfer_ratio", "asymmetry", "cross_modal_score")
SHARES = ("recall", "memory", "leak", *ORDER)
"""Whose difference between two runs is told in points."""
NAMES = {"cross_modal_score": "cross-modal score"}


@dataclass(frozen=True, slots=True)
class MetricLine:
    """One metric across cells, in words."""

    measure: str
    direction: str
    value: str
    verdict: str
    """`clear`, `not clear`, or nothing where zero is no question."""
    sentence: str
    p: str = ""
    """`p (Holm) 0.36`, where several comparisons were made."""

    @property
    def judged(self) -> str:
        """Verdict and p on one line."""
        return ", ".join(part for part in (self.verdict, self.p) if part)


def metric_lines(scores: Sequence[Score]) -> list[MetricLine]:
    """The metrics of one panel in a fixed order; a metric unknown here comes last, as a number."""
    shown = [score for score in scores if score.metric not in IN_THE_GRID]
    places = {name: place for place, name in enumerate(ORDER)}
    shown.sort(key=lambda score: (places.get(score.metric, len(ORDER)), score.source or ""))
    return [_line(score) for score in shown]


def absences(scores: Sequence[Score]) -> list[str]:
    """Why which metrics have no value: a sentence for each reason."""
    lacking: dict[str, list[str]] = {}
    for score in scores:
        if score.value is None:
            name = f"{_measure(score)} {_direction(score)}".strip()
            lacking.setdefault(_reason(score), []).append(name)
    return [f"No {', '.join(names)}: {reason}." for reason, names in lacking.items()]


def _line(score: Score) -> MetricLine:
    if score.value is None:
        return MetricLine(_measure(score), _direction(score), ABSENT, "", "")
    value, said, judged = _worded(score)
    return MetricLine(_measure(score), _direction(score), value, judged, said, corrected(score))


def _measure(score: Score) -> str:
    return NAMES.get(score.metric, clean(score.metric).replace("_", " "))


def _direction(score: Score) -> str:
    return " → ".join(end for end in (score.source, score.modality) if end)


def _worded(score: Score) -> tuple[str, str, str]:
    """Value, sentence and verdict."""
    crosses = score.source in ASKED and score.modality in ASKED
    if score.metric == "transfer_gap" and crosses:
        return points(score), _gap(score), verdict(score)
    if score.metric == "transfer_ratio" and crosses:
        return percent(score), _ratio(score), ""
    if score.metric == "asymmetry":
        return points(score), _asymmetry(score), verdict(score)
    if score.metric == "cross_modal_score":
        said = f"Both ways, {percent(score)} of what one modality taught is known in the other."
        return percent(score), said, ""
    if score.metric == "leak" and score.modality in ASKED:
        return percent(score), _leak(score), verdict(score)
    if score.metric == "gap_closed":
        return percent(score), "", verdict(score)
    if score.metric.removesuffix("_difference") in SHARES:
        return points(score), "", verdict(score)
    return f"{plain(score.value or 0)} {interval(score, 'plain')}".rstrip(), "", verdict(score)


def _gap(score: Score) -> str:
    source, target = ASKED[str(score.source)], ASKED[str(score.modality)]
    asked = f"Asked with {target} instead of {source}, "
    if verdict(score) != "clear":
        return f"{asked}no clear change."
    less = "less" if (score.value or 0) > 0 else "more"
    return f"{asked}{less} is recalled."


def _ratio(score: Score) -> str:
    taught, asked = TAUGHT[str(score.source)], ASKED[str(score.modality)]
    return f"Of what {taught} taught, {percent(score)} can be recalled from {asked}."


def _leak(score: Score) -> str:
    asked = ASKED[str(score.modality)]
    return f"Asked with {asked}, {percent(score)} of the forget set is still known."


def _asymmetry(score: Score) -> str:
    if verdict(score) != "clear":
        return "Neither direction clearly carries over better than the other."
    first, second = ("images", "descriptions")
    if (score.value or 0) < 0:
        first, second = second, first
    return f"What {first} teach carries over better than what {second} teach."


def _reason(score: Score) -> str:
    """Why there is no value, as the method says."""
    said = [part for part in score.method.split("; ") if part.startswith("none:")]
    return clean(said[0].removeprefix("none:").strip()) if said else "the row gives no reason"
