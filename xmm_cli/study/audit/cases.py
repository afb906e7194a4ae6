"""Which models belong together: before unlearning, unlearned, retrained, taught again.

Retrained models belong to an unlearned one if they were retrained without the same people, whatever
their seed and however these people were named. Unlearned models that differ in nothing but seeds,
and so in people, are audited together.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xmm_cli.errors import BadData
from xmm_cli.models.labels import RETRAIN
from xmm_cli.study.audit.audited_models import RELEARN, AuditedModel

_AGAIN = ("relearn", "before_", "unlearn_seed", "unlearned_steps")


@dataclass(slots=True)
class AuditCase:
    """An unlearned model with those it is compared with."""

    unlearned: AuditedModel
    before: AuditedModel
    retrained: list[AuditedModel]
    earlier: AuditedModel | None = None
    """The one that had forgotten the earlier forgotten people last."""
    again: dict[str, tuple[AuditedModel, list[AuditedModel]]] = field(default_factory=dict)
    """Attack by teaching again → the unlearned model so attacked, and the retrained ones."""

    @property
    def models(self) -> list[AuditedModel]:
        """All of them."""
        again = [one for attacked, others in self.again.values() for one in (attacked, *others)]
        earlier = [] if self.earlier is None else [self.earlier]
        return [self.before, *earlier, self.unlearned, *self.retrained, *again]


def cases_of(models: Iterable[AuditedModel]) -> list[list[AuditCase]]:
    """The unlearned models with their company; those that differ in seeds alone stand together.

    Of one run's saved steps the last is audited, and of requests one after the other too, unless
    there is a retrained model for an earlier one.
    Raises `BadData` where nothing was unlearned, the model before is missing, or a retrained model
    was retrained without other people, or stands beside some of a group only.
    """
    known = list(models)
    trained = [one for one in known if one.objective is None and not one.was_taught_again]
    retrained = [one for one in known if one.is_retrained]
    again = [one for one in known if one.was_taught_again]
    unlearned = _last_steps(
        one
        for one in known
        if one.objective not in (None, RETRAIN) and not one.was_taught_again and one.forget_set
    )
    if not unlearned:
        raise BadData(*_never_unlearned(known))
    groups: dict[str, list[AuditCase]] = defaultdict(list)
    fitting: set[str] = set()
    for one in unlearned:
        fits = _fitting(one, retrained)
        fitting |= {other.path for other in fits}
        if not fits and any(_earlier(other, [one]) for other in unlearned):
            continue
        case = AuditCase(one, _before(one, trained), fits, _earlier(one, unlearned))
        case.again = dict(_taught_again(one, fits, again))
        key = repr((one.base, one.source, sorted(one.without_seeds.items())))
        groups[key].append(case)
    _check_people(retrained, fitting, unlearned)
    for cases in groups.values():
        _check_alike(cases)
    return [groups[key] for key in sorted(groups)]


def _check_alike(cases: Sequence[AuditCase]) -> None:
    """Refuse to put a comparison with retrained models together with one that has none."""
    without = [case.unlearned.path for case in cases if not case.retrained]
    if 0 < len(without) < len(cases):
        beside = next(case.unlearned.path for case in cases if case.retrained)
        raise BadData(
            f"{beside} has a retrained model to compare with, and {without[0]} has none",
            "retrain without the forget set of each, or audit their rows apart",
        )


def _never_unlearned(known: list[AuditedModel]) -> tuple[str, str]:
    if any(one.is_retrained for one in known):
        return "no row is of an unlearned model, only of a retrained one", "probe both"
    of_facts = [one.path for one in known if "fact" in one.labels]
    if of_facts:
        return (
            f"{of_facts[0]}: one fact was unlearned",
            "an audit is of people; xmm report shows it",
        )
    names = ", ".join(one.path for one in known[:3]) or "no checkpoint"
    return f"{names}: never unlearned, so there is nothing to audit", "run xmm unlearn first"


def _last_steps(models: Iterable[AuditedModel]) -> list[AuditedModel]:
    last: dict[str, AuditedModel] = {}
    for one in models:
        labels = {name: value for name, value in one.labels.items() if name != "steps"}
        key = repr((one.base, one.source, sorted(labels.items()), sorted(one.forget_set)))
        before = last.get(key)
        if before is None or _steps(one) > _steps(before):
            last[key] = one
    return list(last.values())


def _steps(model: AuditedModel, name: str = "steps") -> float:
    found = model.labels.get(name)
    return float(found) if isinstance(found, int | float) else 0.0


def _fitting(unlearned: AuditedModel, retrained: list[AuditedModel]) -> list[AuditedModel]:
    """The models that began with the same training, and never met the same people.

    After several requests, that is the people of all of them, or of the last alone.
    """
    alike = [
        one
        for one in retrained
        if (one.base, one.source, one.training)
        == (unlearned.base, unlearned.source, unlearned.training)
    ]
    everyone = unlearned.forget_set | unlearned.earlier_set
    of_all = [one for one in alike if one.forget_set == everyone]
    return of_all or [one for one in alike if one.forget_set == unlearned.forget_set]


def _earlier(unlearned: AuditedModel, others: list[AuditedModel]) -> AuditedModel | None:
    """The model that the earlier forgotten people were last unlearned from, if it is there."""
    gone = unlearned.earlier_set
    steps = [
        one
        for one in others
        if gone
        and one.forget_set | one.earlier_set == gone
        and (one.base, one.source, one.seed) == (unlearned.base, unlearned.source, unlearned.seed)
    ]
    return steps[0] if steps else None


def _check_people(
    retrained: list[AuditedModel], fitting: set[str], unlearned: list[AuditedModel]
) -> None:
    """Refuse a retrained model that is of no use, before strangers stand in for it."""
    for one in retrained:
        if one.path not in fitting:
            raise BadData(*_unlike(one, unlearned))


def _unlike(retrained: AuditedModel, unlearned: list[AuditedModel]) -> tuple[str, str]:
    """Why a retrained model is to be compared with none of these, and the mend."""
    same = [other for other in unlearned if other.forget_set == retrained.forget_set]
    if same:
        apart = _apart(retrained, same[0])
        return (
            f"{retrained.path}: not trained as the model before {same[0].path}: {apart}",
            "retrain from the parent of the unlearned checkpoint",
        )
    shared = max(len(retrained.forget_set & other.forget_set) for other in unlearned)
    return (
        f"{retrained.path}: retrained without other people than were to be forgotten "
        f"({shared} of its {len(retrained.forget_set)} are the same)",
        "retrain with --forget and the ids of the unlearned checkpoint",
    )


def _apart(one: AuditedModel, other: AuditedModel) -> str:
    """The first thing in which the training of two models differs."""
    sides = [
        {"base": model.base, "source": model.source, **model.training} for model in (one, other)
    ]
    name = next(key for key in {**sides[0], **sides[1]} if sides[0].get(key) != sides[1].get(key))
    own, wanted = (side.get(name, "the default") for side in sides)
    return f"{name} is {own}, not {wanted}"


def _before(unlearned: AuditedModel, trained: list[AuditedModel]) -> AuditedModel:
    """The model that the unlearned one was made from. Raises `BadData`."""
    wanted = unlearned.training

    def unlike(model: AuditedModel) -> int:
        own = {name: model.labels.get(name) for name in wanted}
        return sum(own[name] != wanted[name] for name in wanted)

    fits = [
        one
        for one in trained
        if (one.base, one.source, one.seed) == (unlearned.base, unlearned.source, unlearned.seed)
        and unlearned.forget_set <= {person for cell in one.cells.values() for person in cell}
    ]
    if not fits:
        raise BadData(
            f"{unlearned.path}: no rows of the model before unlearning", "probe its parent too"
        )
    best = min(map(unlike, fits))
    alike = [one for one in fits if unlike(one) == best]
    if len(alike) > 1:
        raise BadData(
            f"{unlearned.path}: made from {alike[0].path} or {alike[1].path}?",
            "audit the rows of one parent at a time",
        )
    return alike[0]


def _taught_again(
    unlearned: AuditedModel, retrained: list[AuditedModel], again: list[AuditedModel]
) -> Iterable[tuple[str, tuple[AuditedModel, list[AuditedModel]]]]:
    """The attacks by teaching some of the forget set again, each at its last step."""
    of_unlearned = _by_modality(unlearned, again)
    of_retrained = [_by_modality(one, again) for one in retrained]
    for modality, model in of_unlearned.items():
        others = [found[modality] for found in of_retrained if modality in found]
        yield f"{RELEARN}-{modality}", (model, others)


def _by_modality(root: AuditedModel, again: list[AuditedModel]) -> dict[str, AuditedModel]:
    found: dict[str, AuditedModel] = {}
    for one in again:
        modality = str(one.labels["relearned"])
        if _root(one) != _root(root) or one.forget_set != root.forget_set:
            continue
        last = found.setdefault(modality, one)
        found[modality] = max(last, one, key=lambda model: _steps(model, "relearn_steps"))
    return found


def _root(model: AuditedModel) -> tuple[object, ...]:
    """What a model has in common with those that were taught again after it."""
    labels = {
        name: value for name, value in model.without_seeds.items() if not name.startswith(_AGAIN)
    }
    seed = model.labels.get("unlearn_seed", model.labels.get("seed"))
    return (model.base, model.source, seed, model.seed, sorted(labels.items()))
