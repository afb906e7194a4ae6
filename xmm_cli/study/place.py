"""One condition of a study, read from the labels of rows."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from xmm_cli.models.labels import RETRAIN
from xmm_cli.rows.types import Label, Modality, Source, Task, Trace
from xmm_cli.scoring.counts import QuestionKind
from xmm_cli.scoring.packed_labels import unpacked

USUAL_RANK = 16
LAST = 10**9
"""The step of an unlearned model whose rows do not tell it."""
MOST = 2**53
"""A label of this or more is no number of views, steps or anything else."""
KNOWN = {
    "base", "views", "seed", "training_seed", "rank", "mitigation", "asking", "control", "names",
    "facts", "objective", "through", "relearned", "relearn_steps",
}  # fmt: skip
OF_UNLEARNING = {"steps", "lr"}
"""Labels that a finding knows of unlearned models alone."""
WHO = {"forgotten"}
"""A label that counts for nothing in a retrained model, whose rows tell whom it never met."""
SAYS_NOTHING = {
    "mitigation": "none",
    "asking": "plain",
    "control": "none",
    "names": "own",
    "facts": False,
    "objective": "memorize",
}
"""Label → the value that means the same as leaving it out."""


class Place(NamedTuple):
    """One condition: everything but the person that can part two numbers."""

    source: Source | None
    modality: Modality | None
    base: str
    views: int | None = None
    """None for what has no such number: the untrained base, and unlearned models."""
    task: Task = "name"
    hops: int = 1
    role: str = "eval"
    set: str | None = None
    rank: int = USUAL_RANK
    mitigation: str | None = None
    asking: str | None = None
    control: str | None = None
    names: str | None = None
    facts: str | None = None
    """`True` for a model that was also taught the facts."""
    objective: str | None = None
    through: str | None = None
    steps: int | None = None
    relearned: str | None = None
    relearn_steps: int | None = None
    lr: float | None = None
    """The learning rate of unlearning, where it is not the usual one."""

    @property
    def plain(self) -> bool:
        """Whether nothing but base, views and what was learned sets it apart."""
        return self == Place(
            self.source, self.modality, self.base, self.views, self.task, self.hops
        )

    @property
    def model(self) -> "Place":
        """The same, without what depends on how it was asked, and when."""
        return self._replace(
            modality=None, task="name", hops=1, role="eval", set=None, asking=None, control=None,
            steps=None, relearn_steps=None,
        )  # fmt: skip


Unknown = tuple[tuple[str, Label], ...]
"""Labels that no finding knows."""


def having(places: Iterable[Place], fields: Mapping[str, object]) -> list[Place]:
    """The places that have these values, in a fixed order."""
    found = [
        place
        for place in places
        if all(getattr(place, name) == value for name, value in fields.items())
    ]
    return sorted(found, key=lambda place: [_sortable(value) for value in place])


def _sortable(value: object) -> tuple[bool, bool, float, str]:
    number = isinstance(value, int | float)
    return (value is not None, number, value if isinstance(value, int | float) else 0, str(value))


def unlike(labels: Unknown, chosen: Unknown) -> str:
    """`steps=600, lr=0.001`, or what the others have and these lack."""
    own = [f"{name}={value}" for name, value in labels if (name, value) not in chosen]
    lacking = [f"no {name}" for name, _ in chosen if name not in dict(labels)]
    return ", ".join(own + lacking)


def where(row: QuestionKind | Trace) -> tuple[Place, Unknown]:
    """Where a row belongs, and its labels that no finding knows."""
    if isinstance(row, Trace):
        given, task, hops, role = row.condition, "name", 1, "eval"
    else:
        given, task, hops, role = unpacked(row.labels), row.task, row.hops, row.role
    known = KNOWN | (OF_UNLEARNING if "objective" in given else set())
    if given.get("objective") == RETRAIN:
        known = known | WHO
    unknown = tuple(sorted((name, value) for name, value in given.items() if name not in known))
    return _place_of(row, given, task, hops, role), unknown


def _place_of(
    row: QuestionKind | Trace, given: Mapping[str, Label], task: Any, hops: int, role: str
) -> Place:
    labels = {name: _plain(name, value) for name, value in given.items()}
    objective = _text(labels.get("objective"))
    unlearned = objective is not None
    learned = row.source is not None and not unlearned
    relearned = _text(labels.get("relearned"))
    steps = _whole(labels.get("steps"))
    return Place(
        source=row.source,
        modality=row.modality,
        base=_text(labels.get("base")) or row.base,
        views=_whole(labels.get("views")) if learned else None,
        task=task,
        hops=hops,
        role=role,
        set=row.set,
        rank=(_whole(labels.get("rank")) if learned else None) or USUAL_RANK,
        mitigation=_text(labels.get("mitigation")),
        asking=_text(labels.get("asking")),
        control=_text(labels.get("control")),
        names=_text(labels.get("names")),
        facts=_text(labels.get("facts")),
        objective=objective,
        through=_text(labels.get("through")) if unlearned else None,
        steps=(LAST if steps is None else steps) if unlearned and relearned is None else None,
        relearned=relearned,
        relearn_steps=_whole(labels.get("relearn_steps")),
        lr=_number(labels.get("lr")) if unlearned else None,
    )


def _plain(name: str, value: Label) -> Label | None:
    return None if value == SAYS_NOTHING.get(name) else value


def _text(value: Label | None) -> str | None:
    return None if value is None else str(value)


def _number(value: Label | None) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) < MOST else None


def _whole(value: Label | None) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < MOST else None
