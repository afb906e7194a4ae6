"""Audits of unlearned models: which models belong together, how they differ, and the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xmm_cli.errors import BadData
from xmm_cli.rows.audit import AttackResult, Audit
from xmm_cli.rows.types import MODALITIES, Modality
from xmm_cli.scoring.counts import Counts
from xmm_cli.study.audit.audited_models import PLAIN, models_of, through_of
from xmm_cli.study.audit.cases import AuditCase, cases_of
from xmm_cli.study.audit.differences import (
    ABOVE,
    BEHIND,
    BELOW,
    WANTED,
    Arms,
    AuditRule,
    arms_of,
    difference,
    earlier_of,
    holm,
    kept_of,
    kept_part,
    noise_of,
    recall,
    taught_of,
)
from xmm_cli.study.audit.judge import (
    WORKS,
    AskedModality,
    Attempt,
    Judgement,
    TestKey,
    judge,
    tests_of,
    whole,
)
from xmm_cli.study.effects import Shares
from xmm_cli.study.moments import BACK

__all__ = ["WANTED", "AuditRule", "Provenance", "audit_all"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a verdict says of how its rows were made."""

    digests: Mapping[str, str | None] = field(default_factory=dict)
    """Of the weights, by folder."""
    parents: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


def audit_all(counts: Counts, rule: AuditRule, made: Provenance = Provenance()) -> list[Audit]:
    """The verdicts on all unlearned models: of each the whole first, then each modality.

    `counts` are those of `WANTED`.
    Raises `BadData` where models do not belong together, or there is nothing to compare with.
    """
    groups = cases_of(models_of(counts))
    return [row for cases in groups for row in _audit(cases, rule, made)]


def _audit(cases: Sequence[AuditCase], rule: AuditRule, made: Provenance) -> list[Audit]:
    through = through_of(cases[0].unlearned)
    asked = [
        _asked(cases, modality, through in (modality, "both"), rule)
        for modality in MODALITIES
        if any(cell.modality == modality for case in cases for cell in case.unlearned.cells)
    ]
    raw_above, raw_below = tests_of(asked)
    above, below = holm(raw_above), holm(raw_below)
    judged = [judge(one, above, below, rule) for one in asked]
    rows = [
        _row(cases, one, verdict, rule, made, _attacked(one, above, below))
        for one, verdict in zip(asked, judged, strict=True)
    ]
    return [_row(cases, None, whole(asked, judged), rule, made, ()), *rows]


def _asked(
    cases: Sequence[AuditCase], modality: Modality, worked_on: bool, rule: AuditRule
) -> AskedModality:
    attacks = dict.fromkeys(
        cell.attack
        for case in cases
        for cell in sorted(case.unlearned.cells, key=str)
        if cell.modality == modality and cell.attack != PLAIN
    )
    again = dict.fromkeys(attack for case in cases for attack in case.again)
    plain = _plain(cases, modality, rule)
    kept = kept_of(cases, modality)
    ranked = arms_of(cases, modality, PLAIN, BEHIND)
    return AskedModality(
        modality,
        worked_on,
        [plain, *(_attempt(cases, modality, one, rule, plain.arms) for one in [*attacks, *again])],
        kept,
        kept_part(kept, BACK, rule) if recall(kept.before) > rule.margin else None,
        _of_all(cases, kept.after),
        difference(ranked, rule) if ranked.retrained else None,
    )


def _plain(cases: Sequence[AuditCase], modality: Modality, rule: AuditRule) -> Attempt:
    """The plain question. Raises `BadData` where a model, or those beside it, were not asked it."""
    arms = arms_of(cases, modality, PLAIN)
    sides = {
        "before unlearning": arms.before,
        "to compare with": arms.reference,
        "of the forget set": arms.unlearned,
    }
    for number, case in enumerate(cases):
        for lacking, shares in sides.items():
            if all(one.seed != number for one in shares):
                raise BadData(
                    f"{case.unlearned.path}: no rows of a model {lacking}, asked plainly in "
                    f"{modality}",
                    "probe the model before, the retrained ones, or strangers (--role aux), "
                    "likewise",
                )
    return Attempt(PLAIN, arms, difference(arms, rule))


def _attempt(
    cases: Sequence[AuditCase], modality: Modality, attack: str, rule: AuditRule, plain: Arms
) -> Attempt:
    arms = arms_of(cases, modality, attack)
    control = _control(cases, modality, attack, arms, plain)
    reason = ""
    if not _of_all(cases, arms.before):
        reason = "not asked of the model before unlearning"
    elif control:
        reason = f"it does not work: {control}"
    elif not _of_all(cases, arms.unlearned):
        reason = "not asked of the forget set"
    elif plain.beside and not _of_all(cases, arms.beside):
        reason = "not asked of the retrained model"
    elif not _of_all(cases, arms.reference):
        reason = "not asked of strangers"
    return Attempt(attack, arms, None if reason else difference(arms, rule), reason)


def _control(
    cases: Sequence[AuditCase], modality: Modality, attack: str, arms: Arms, plain: Arms
) -> str:
    """What shows that an attack does not work; empty if it does."""
    if any(attack in case.again for case in cases):
        taught = taught_of(cases, modality, attack)
        if not _of_all(cases, taught.after):
            return "those who were taught again were not asked"
        own, usual = recall(taught.after), recall(taught.before)
        said = f"{100 * own:.0f} % of those who were taught again, {100 * usual:.0f} before"
    else:
        own, usual = recall(arms.before), recall(plain.before)
        said = f"{100 * own:.0f} % before unlearning, {100 * usual:.0f} plainly"
    return said if own < WORKS * usual else ""


def _of_all(cases: Sequence[AuditCase], shares: Shares) -> bool:
    """Whether somebody of each case was asked."""
    return len({one.seed for one in shares}) == len(cases)


def _attacked(
    asked: AskedModality, above: Mapping[TestKey, float], below: Mapping[TestKey, float]
) -> tuple[AttackResult, ...]:
    return tuple(_result(asked.modality, one, above, below) for one in asked.attempts)


def _result(
    modality: Modality,
    attempt: Attempt,
    above: Mapping[TestKey, float],
    below: Mapping[TestKey, float],
) -> AttackResult:
    arms, found, key = attempt.arms, attempt.found, (modality, attempt.attack)
    p = None
    if found is not None:
        side = ABOVE if found.value > 0 else BELOW
        p = (above if side == ABOVE else below).get(key)
    return AttackResult(
        attack=attempt.attack,
        before=_mean(arms.before),
        unlearned=_mean(arms.unlearned),
        reference=_mean(arms.reference),
        difference=None if found is None else found.value,
        low=None if found is None else found.estimate.low,
        high=None if found is None else found.estimate.high,
        p=None if p is None else round(p, 6),
        noise=noise_of(arms),
        within=found is not None and found.within,
        persons=0 if found is None else found.estimate.persons,
        applicable=attempt.applies,
        reason=attempt.reason,
    )


def _mean(shares: Shares) -> float | None:
    return round(recall(shares), 10) if shares else None


def _row(
    cases: Sequence[AuditCase],
    asked: AskedModality | None,
    judged: Judgement,
    rule: AuditRule,
    made: Provenance,
    attacks: tuple[AttackResult, ...],
) -> Audit:
    first = cases[0].unlearned
    models = [one for case in cases for one in case.models]
    plain, kept = (attacks[0], asked.kept) if asked is not None else (None, None)
    earlier = None if asked is None else earlier_of(cases, asked.modality)
    return Audit(
        verdict=judged.verdict,
        modality=None if asked is None else asked.modality,
        attack=judged.attack,
        objective=str(first.objective),
        through=through_of(first),
        base=first.base,
        reference="retrained" if all(case.retrained for case in cases) else "strangers",
        retrained=max(len(case.retrained) for case in cases),
        margin=rule.margin,
        level=rule.level,
        persons=len(frozenset().union(*(case.unlearned.forget_set for case in cases))),
        needed=judged.needed,
        before=plain.before if plain else None,
        after=plain.unlearned if plain else None,
        retained_before=_mean(kept.before) if kept else None,
        retained_after=_mean(kept.after) if kept else None,
        earlier_before=_mean(earlier.before) if earlier else None,
        earlier_after=_mean(earlier.after) if earlier else None,
        attacks=attacks,
        models={one.path: made.digests.get(one.path) for one in models},
        parents=made.parents,
        commands=made.commands,
        versions=dict(made.versions),
        condition=dict(sorted(first.without_seeds.items())),
        comment=judged.comment,
    )
