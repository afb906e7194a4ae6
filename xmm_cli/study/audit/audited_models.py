"""The models of some rows. A model is known by the folder of its checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

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
        return self._people("forget", "relearned")

    @property
    def earlier_set(self) -> frozenset[Person]:
        """Those whom earlier runs were to forget."""
        return self._people("earlier")

    def _people(self, *sets: str) -> frozenset[Person]:
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
