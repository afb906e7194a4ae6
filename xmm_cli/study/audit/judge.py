"""The verdict of an audit, by modality and as a whole: the rule, and nothing that counts.

δ is the margin, α the level of each test, R the retrained models or strangers.

1. never learned: before unlearning, recall is no more than δ above R.
2. not erased, in a modality that people were unlearned through, or leaking, in the other one: the
   plain question is shown to bring back more than δ over R.
3. suppressed: an attack is shown to.
4. over-forgotten: the right answer is shown to be given, or ranked, less than under R by more than
   δ, or the retain set to have lost more than 5 % of its recall.
5. erased: the plain question and all applicable attacks, of which there is at least one, are shown
   to be within ±δ of R, and the retain set has 95 % of what it had.
6. undecided: everything else.

Whether something is beyond δ is asked of both modalities and all attacks at once, and one answer is
enough: Holm's p. Whether all is within δ must be shown of each: no correction (R. Berger,
Technometrics 24 (1982)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xmm_cli.rows.audit import AuditVerdict
from xmm_cli.rows.types import Modality
from xmm_cli.study.audit.audited_models import PLAIN
from xmm_cli.study.audit.differences import (
    ABOVE,
    BELOW,
    Arms,
    AuditRule,
    Difference,
    Kept,
    by_person,
    recall,
)
from xmm_cli.study.audit.power import persons_needed
from xmm_cli.study.effects import Shares, shared
from xmm_cli.study.verdict import Estimate

WORST_FIRST: tuple[AuditVerdict, ...] = (
    "not erased", "leaking", "suppressed", "over-forgotten", "undecided", "erased", "never learned",
)  # fmt: skip
"""The whole has the first of these that one of its modalities has."""
WORKS = 0.5
"""An attack is applicable if it brings back this part of the plain recall before unlearning."""
RANK, RETAIN = "rank", "retain set"

TestKey = tuple[Modality, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of asking in one modality, and what came of it."""

    attack: str
    arms: Arms
    found: Difference | None
    reason: str = ""
    """Why the attack is not applicable."""

    @property
    def applies(self) -> bool:
        """Whether it counts."""
        return not self.reason and self.found is not None


@dataclass(frozen=True, slots=True)
class AskedModality:
    """All that was asked in one modality."""

    modality: Modality
    worked_on: bool
    """Whether people were unlearned through it."""
    attempts: Sequence[Attempt]
    """The plain question first."""
    kept: Kept
    kept_part: Estimate | None
    """What the retain set has after, minus 95 % of what it had before; None where it knew none."""
    kept_asked: bool
    """Whether the retain set of every model was asked."""
    behind: Difference | None
    """How much further back the right answer is ranked than by R; None where nothing was ranked."""

    @property
    def plain(self) -> Attempt:
        """The plain question."""
        return self.attempts[0]

    @property
    def applicable(self) -> list[Attempt]:
        """The plain question and all attacks that count."""
        return [one for one in self.attempts if one.applies]

    @property
    def loses(self) -> bool:
        """Whether the retain set has less than 95 % of what it had, shown or not."""
        return self.kept_part is not None and self.kept_part.effect < 0


class Judgement(NamedTuple):
    """A verdict, and what it rests on."""

    verdict: AuditVerdict
    attack: str | None
    comment: str
    needed: int | None = None


def tests_of(asked: Sequence[AskedModality]) -> tuple[dict[TestKey, float], dict[TestKey, float]]:
    """One-sided p of being beyond the margin, above and below, of all that was asked."""
    above, below = {}, {}
    for one in asked:
        for attempt in one.applicable:
            if attempt.found is not None:
                above[one.modality, attempt.attack] = attempt.found.p(ABOVE)
                below[one.modality, attempt.attack] = attempt.found.p(BELOW)
        if one.behind is not None:
            below[one.modality, RANK] = one.behind.p(ABOVE)
        if one.kept_part is not None:
            below[one.modality, RETAIN] = _p_of_loss(one.kept_part)
    return above, below


def _p_of_loss(kept: Estimate) -> float:
    """One-sided p of the retain set having lost more than 5 %."""
    from xmm_cli.study.verdict import Claim, p_value

    found = p_value(kept, Claim("below")) if kept.effect < 0 else None
    return 1.0 if found is None else found / 2


def judge(
    asked: AskedModality,
    above: Mapping[TestKey, float],
    below: Mapping[TestKey, float],
    rule: AuditRule,
) -> Judgement:
    """The verdict in one modality; `above` and `below` have Holm's p."""
    here, plain = asked.modality, asked.plain
    learned = recall(plain.arms.before) - recall(plain.arms.reference) > rule.margin
    if not learned:
        said = f"recall before unlearning {_percent(recall(plain.arms.before))}"
        return Judgement("never learned", None, f"{said}, beside {_beside(plain)}")
    back = [one for one in asked.applicable if above.get((here, one.attack), 1.0) < rule.level]
    if plain in back:
        verdict: AuditVerdict = "not erased" if asked.worked_on else "leaking"
        return Judgement(verdict, PLAIN, _recalls(plain))
    if back:
        worst = max(back, key=lambda one: one.found.value if one.found else 0.0)
        return Judgement("suppressed", worst.attack, _recalls(worst))
    lower = [key for key, p in below.items() if key[0] == here and p < rule.level]
    if lower:
        names = [name for _, name in lower]
        attack = next((name for name in names if name not in (RANK, RETAIN)), None)
        return Judgement("over-forgotten", attack, _overdone(asked, names))
    return _erased_or_not(asked, len(above), len(below), rule)


def _erased_or_not(asked: AskedModality, above: int, below: int, rule: AuditRule) -> Judgement:
    """`above`, `below`: how many tests Holm corrects for on either side."""
    open_ones = [one for one in asked.applicable if one.found and not one.found.within]
    if open_ones:
        tests = len(asked.applicable), above, below
        needed = {one.attack: _needed(one, rule, *tests) for one in open_ones}
        hardest = max(open_ones, key=lambda one: needed[one.attack] or float("inf"))
        number = needed[hardest.attack]
        more = "more people than can be counted" if number is None else f"{number} people"
        said = f"{_recalls(hardest)}: {more} would decide"
        return Judgement("undecided", hardest.attack, said, number)
    if not asked.kept_asked:
        return Judgement("undecided", None, "nothing was asked about the retain set")
    if asked.loses:
        return Judgement("undecided", None, f"{_lost(asked)}, which these people do not settle")
    if len(asked.applicable) == 1:
        return Judgement("undecided", None, "no applicable attack was tried; xmm probe --attack")
    hardest = max(asked.applicable, key=lambda one: abs(one.found.value) if one.found else 0.0)
    return Judgement("erased", hardest.attack, f"at most apart under {_recalls(hardest)}")


def _needed(attempt: Attempt, rule: AuditRule, within: int, above: int, below: int) -> int | None:
    if attempt.found is None:
        return None
    value = attempt.found.value
    tests = within if abs(value) < rule.margin else above if value > 0 else below
    number = persons_needed(value, _spread(attempt), rule.margin, rule.level, tests)
    have = attempt.found.estimate.persons
    return None if number is None else max(number, have + 1)


def _spread(attempt: Attempt) -> float:
    """The standard deviation over persons of the difference."""
    arms = attempt.arms
    if not arms.beside:
        return (_variance(arms.unlearned) + _variance(arms.strangers)) ** 0.5
    both = arms.unlearned, arms.beside
    return _variance({one: both[0][one] - both[1][one] for one in shared(both)}) ** 0.5


def _variance(shares: Shares) -> float:
    from statistics import variance

    own = by_person(shares).values()
    return variance(own) if len(own) > 1 else 0.25


def whole(asked: Sequence[AskedModality], judged: Sequence[Judgement]) -> Judgement:
    """The verdict on the model: the worst one, and undecided where a modality was not asked."""
    pairs = sorted(
        zip(asked, judged, strict=True), key=lambda pair: WORST_FIRST.index(pair[1].verdict)
    )
    worst, decided = pairs[0]
    said = f"{IN_WORDS[worst.modality]}: {decided.comment}"
    sure = WORST_FIRST.index(decided.verdict) < WORST_FIRST.index("undecided")
    if len(asked) < len(IN_WORDS) and not sure:
        absent = next(words for one, words in IN_WORDS.items() if one != worst.modality)
        return Judgement("undecided", None, f"nothing was asked {absent}")
    needed = [one.needed for one in judged if one.verdict == "undecided"]
    known = [number for number in needed if number is not None]
    number = max(known) if decided.verdict == "undecided" and len(known) == len(needed) else None
    return Judgement(decided.verdict, decided.attack, said, number)


IN_WORDS: dict[Modality, str] = {"image": "in pictures", "text": "in words"}


def _recalls(attempt: Attempt) -> str:
    """`paraphrase: 98 → 61 %, beside 0 % of the retrained model [50 to 70]`."""
    arms, found = attempt.arms, attempt.found
    said = f"{attempt.attack}: {_whole(recall(arms.before))} → {_percent(recall(arms.unlearned))}"
    said += f", beside {_beside(attempt)}"
    if found is None or found.estimate.low is None or found.estimate.high is None:
        return said
    low, high = _whole(found.estimate.low), _whole(found.estimate.high)
    return f"{said}, difference {_whole(found.value)} points [{low} to {high}]"


def _beside(attempt: Attempt) -> str:
    whose = "retrained" if attempt.arms.beside else "strangers"
    return f"{_percent(recall(attempt.arms.reference))} ({whose})"


def _overdone(asked: AskedModality, names: Sequence[str]) -> str:
    said = []
    for attempt in asked.applicable:
        if attempt.attack in names:
            said.append(_recalls(attempt))
    if RANK in names and asked.behind is not None:
        said.append(
            f"the right answer is ranked behind {_whole(asked.behind.value)} points more of the "
            "others"
        )
    if RETAIN in names:
        said.append(_lost(asked))
    return "; ".join(said)


def _lost(asked: AskedModality) -> str:
    kept = asked.kept
    before, after = recall(kept.before), recall(kept.after)
    return f"the retain set fell from {_whole(before)} to {_percent(after)}"


def _percent(value: float) -> str:
    return f"{_whole(value)} %"


def _whole(value: float) -> str:
    return f"{100 * value:.0f}".replace("-0", "0") if abs(value) < 0.005 else f"{100 * value:.0f}"
