"""Which models of some rows belong together: before unlearning, unlearned, retrained, taught again.

A model is known by the folder of its checkpoint. Retrained models belong to an unlearned one if
they were retrained without the same people, whatever their seed and however these people were
named. Unlearned models that differ in nothing but seeds, and so in people, are audited together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from xmm_cli.errors import BadData
from xmm_cli.models.labels import RETRAIN, unlearned_by
from xmm_cli.rows.types import Label, Modality, Source
from xmm_cli.scoring.counts import Counts, PersonCounts, QuestionKind
from xmm_cli.scoring.packed_labels import unpacked
from xmm_cli.scoring.persons import Person
from xmm_cli.scoring.seeds import SEEDS, seed_of

PLAIN = "plain"
"""The name of asking without an attack."""
RELEARN = "relearn"

_WHO = {"forgotten", "retained", "forget", "retain"}
"""Labels that tell who was chosen, and how: the rows tell it better."""
_AGAIN = ("relearn", "before_", "unlearn_seed", "unlearned_steps")
_LEFT_OUT = {"asking", "control", "max_new_tokens", "control_seed"}
_INHERITED = "training_"


class WayOfAsking(NamedTuple):
    """A way of asking."""

    modality: Modality
    attack: str
    set: str | None
    role: str


@dataclass(slots=True)
class AuditedModel:
    """A checkpoint, as its rows tell of it."""

    path: str
    base: str
    source: Source | None
    labels: dict[str, Label]
    cells: dict[WayOfAsking, dict[Person, PersonCounts]] = field(default_factory=dict)

    @property
    def objective(self) -> str | None:
        """None for a model that was never unlearned."""
        return unlearned_by(self.labels)

    @property
    def seed(self) -> Label | None:
        """Of the training that it began with."""
        return seed_of(self.labels)

    @property
    def is_retrained(self) -> bool:
        """Whether it never met its forget set."""
        return self.objective == RETRAIN and not self.was_taught_again

    @property
    def was_taught_again(self) -> bool:
        """Whether some of the forget set were taught again."""
        return "relearned" in self.labels

    @property
    def forget_set(self) -> frozenset[Person]:
        """Those who were to be forgotten, of those who were asked about."""
        sets = ("forget", "relearned")
        return frozenset(
            person for cell, found in self.cells.items() if cell.set in sets for person in found
        )

    @property
    def training(self) -> dict[str, Label]:
        """The labels of the training that it began with."""
        return {
            name.removeprefix(_INHERITED): value
            for name, value in self.labels.items()
            if name.startswith(_INHERITED) and not name.endswith(("seed", "views"))
        }

    @property
    def without_seeds(self) -> dict[str, Label]:
        """What sets it apart from another model, seeds and people aside."""
        return {
            name: value
            for name, value in self.labels.items()
            if name not in _WHO and name not in SEEDS and not name.endswith("_seed")
        }


@dataclass(slots=True)
class AuditCase:
    """An unlearned model with those it is compared with."""

    unlearned: AuditedModel
    before: AuditedModel
    retrained: list[AuditedModel]
    again: dict[str, tuple[AuditedModel, list[AuditedModel]]] = field(default_factory=dict)
    """Attack by teaching again → the unlearned model so attacked, and the retrained ones."""

    @property
    def models(self) -> list[AuditedModel]:
        """All of them."""
        again = [one for attacked, others in self.again.values() for one in (attacked, *others)]
        return [self.before, self.unlearned, *self.retrained, *again]


def through_of(unlearned: AuditedModel) -> Source:
    """The modality that people were unlearned through."""
    found = unlearned.labels.get("through")
    return cast(Source, found) if found in ("image", "text") else "both"


def models_of(counts: Counts) -> list[AuditedModel]:
    """The checkpoints that were asked for names, by path."""
    found: dict[str, AuditedModel] = {}
    for asked, counted in counts.asked.items():
        if asked.task != "name" or asked.split != "heldout" or asked.source is None:
            continue
        labels = unpacked(asked.labels)
        attack = _attack(asked, labels)
        if attack is None:
            continue
        own = {name: value for name, value in labels.items() if name not in _LEFT_OUT}
        for (path, person), counts_of in counted.persons.items():
            model = found.setdefault(
                str(path), AuditedModel(str(path), asked.base, asked.source, own)
            )
            # an attack may have labels of its own, which are not the model's
            model.labels = dict(model.labels.items() & own.items())
            cell = model.cells.setdefault(
                WayOfAsking(asked.modality, attack, asked.set, asked.role), {}
            )
            before = cell.get(person)
            cell[person] = counts_of if before is None else before.plus(counts_of)
    return [found[path] for path in sorted(found)]


def _attack(asked: QuestionKind, labels: Mapping[str, Label]) -> str | None:
    """The name of the attack; None for what is asked in a way that is none of an audit."""
    if labels.get("control", "none") != "none":
        return None
    if asked.attack is not None:
        return asked.attack
    asking = str(labels.get("asking", PLAIN))
    return asking if asking in (PLAIN, "describe-first") else None


def cases_of(models: Iterable[AuditedModel]) -> list[list[AuditCase]]:
    """The unlearned models with their company; those that differ in seeds alone stand together.

    Of one run's saved steps the last is audited.
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
        fits = [other for other in retrained if _same_people(other, one)]
        fitting |= {other.path for other in fits}
        case = AuditCase(one, _before(one, trained), fits)
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


def _same_people(retrained: AuditedModel, unlearned: AuditedModel) -> bool:
    """Whether both began with the same training, and were to forget the same people."""
    return (
        (retrained.base, retrained.source, retrained.training)
        == (unlearned.base, unlearned.source, unlearned.training)
    ) and retrained.forget_set == unlearned.forget_set


def _check_people(
    retrained: list[AuditedModel], fitting: set[str], unlearned: list[AuditedModel]
) -> None:
    """Refuse a retrained model that is of no use, before strangers stand in for it."""
    for one in retrained:
        if one.path not in fitting:
            shared = max(len(one.forget_set & other.forget_set) for other in unlearned)
            raise BadData(
                f"{one.path}: retrained without other people than were to be forgotten "
                f"({shared} of its {len(one.forget_set)} are the same)",
                "retrain with --forget and the ids of the unlearned checkpoint",
            )


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
