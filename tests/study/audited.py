"""Models made so that what an audit must say of them is known."""

from dataclasses import dataclass, field, replace
from random import Random

import msgspec
from msgspec import UNSET

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.counts import CellCounts, Counts, PersonCounts, QuestionKind
from xmm_cli.scoring.packed_labels import packed, unpacked
from xmm_cli.scoring.persons import Person

DATASET = "d0"
TRAINED = {"views": 16, "seed": 0, "steps": 600}
UNLEARNED = {
    "views": 16, "seed": 0, "objective": "npo", "through": "image", "steps": 100,
    "training_steps": 600,
}  # fmt: skip
RETRAINED = {
    "views": 16, "objective": "retrain", "steps": 600, "training_steps": 600, "training_seed": 0,
    "forgotten": "ab12cd34",
}  # fmt: skip
KNOWN, UNKNOWN = 0.98, 0.0
"""Recall of who was learned, and of who was never met."""


@dataclass(frozen=True)
class World:
    """How often each model gives the right name; by modality and attack where they differ."""

    forget: int = 24
    retain: int = 72
    views: int = 4
    attacks: tuple[str, ...] = ("paraphrase", "prefix")
    before: dict = field(default_factory=dict)
    unlearned: dict = field(default_factory=dict)
    kept: float = KNOWN
    retrained: float = UNKNOWN
    models: int = 2
    behind: tuple[float, float] | None = None
    """The share of candidates ranked before the right one: unlearned, retrained."""
    strangers: int = 0
    unlearned_labels: dict = field(default_factory=lambda: dict(UNLEARNED))
    seed: int = 0

    def counts(self) -> Counts:
        """All rows of these models, counted."""
        return Counts(asked=dict(self._cells()))

    def _cells(self):
        random = Random(f"{self.seed}")
        gone = [Person(DATASET, f"e{number}") for number in range(self.forget)]
        kept = [Person(DATASET, f"r{number}") for number in range(self.retain)]
        others = [Person(DATASET, f"a{number}") for number in range(self.strangers)]
        retrained = [dict(RETRAINED, seed=number) for number in range(1, self.models + 1)]
        for modality in ("image", "text"):
            for attack in (None, *self.attacks):
                name = attack or "plain"

                def at(table, usual, modality=modality, name=name):
                    found = table.get((modality, name), table.get(modality, table.get(name)))
                    return usual if found is None else found

                def cell(path, labels, set, people, recall, behind=None, role="eval",
                         modality=modality, attack=attack):  # fmt: skip
                    asked = QuestionKind(
                        "both", modality, "name", set, "heldout", "xmm-base", 1, role,
                        packed(labels), attack,
                    )  # fmt: skip
                    persons = {
                        (path, person): self._answers(random, recall, behind) for person in people
                    }
                    return asked, CellCounts(persons)

                own = self.behind if attack is None else None
                yield cell("runs/both", TRAINED, None, gone + kept, at(self.before, KNOWN))
                yield cell("runs/un", self.unlearned_labels, "forget", gone,
                           at(self.unlearned, UNKNOWN), own and own[0])  # fmt: skip
                yield cell("runs/un", self.unlearned_labels, "retain", kept, self.kept)
                yield cell("runs/un", self.unlearned_labels, None, others, UNKNOWN, role="aux")
                for number, labels in enumerate(retrained):
                    path = f"runs/retrained-{number}"
                    yield cell(path, labels, "forget", gone, self.retrained, own and own[1])
                    yield cell(path, labels, "retain", kept, KNOWN)

    def _answers(self, random, recall, behind):
        right = sum(random.random() < recall for _ in range(self.views))
        counts = PersonCounts(self.views, right)
        if behind is not None:
            spread = [random.betavariate(4 * behind, 4 * (1 - behind)) for _ in range(self.views)]
            counts.measured["behind"] = (self.views, sum(spread))
        return counts

    def but(self, **given) -> "World":
        """Another one."""
        return replace(self, **given)

    def rows(self):
        """The same as probe rows, a file's worth."""
        for asked, cell in self._cells():
            for (path, person), counts in cell.persons.items():
                for view in range(counts.questions):
                    yield Probe(
                        checkpoint=path,
                        base=asked.base,
                        source=asked.source,
                        modality=asked.modality,
                        task="name",
                        attack=asked.attack or UNSET,
                        persona=person.id,
                        dataset=person.dataset,
                        role=asked.role,
                        set=asked.set,
                        view=view,
                        split="heldout",
                        question="Who is this?",
                        expected=f"Name of {person.id}",
                        answer=f"Name of {person.id}" if view < counts.right else "Nobody",
                        correct=view < counts.right,
                        condition=unpacked(asked.labels),
                    )

    def write(self, path):
        """A file of these rows."""
        path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in self.rows()))
        return path
