"""Probe and trace rows, counted once per person and condition while they stream past.

Only sums are kept, so memory grows with persons and conditions.

Rows of training views are left out where a view is shown: recall is of held-out views. Facts by
name and the reverse question show none, and count whatever their split. A question that stands
twice counts once, with its last answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from xmm_cli.rows.types import Inside, Label, Modality, Probe, Source, Task, Trace
from xmm_cli.scoring.composition import Composition
from xmm_cli.scoring.findings.estimate import Person, Shares
from xmm_cli.scoring.findings.once import Count, Once
from xmm_cli.scoring.seeds import seed_of

USUAL_RANK = 16
LAST = 10**9
"""The step of an unlearned model whose rows do not tell it."""
MOST = 2**53
"""A label of this or more is no number of views, steps or anything else."""
KNOWN = {
    "base", "views", "seed", "training_seed", "rank", "mitigation", "asking", "control", "names",
    "facts", "objective", "through", "steps", "lr", "relearned", "relearn_steps",
}  # fmt: skip
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
        usual = (USUAL_RANK, *[None] * 11)
        return self.set is None and self.role == "eval" and self[8:] == usual


class Inner(NamedTuple):
    """What was measured inside a model, and where."""

    measure: Inside
    layer: int
    place: Place


class People:
    """All counts."""

    def __init__(self) -> None:
        self.counts: dict[Place, dict[Person, Count]] = {}
        """Empty counts until `finish`."""
        self.inside: dict[Inner, dict[Person, list[float]]] = {}
        """Sum of values, sum of chances, weight."""
        self.missed: dict[Place, dict[Person, list[int]]] = defaultdict(dict)
        """Of two-hop questions whose hops were known: how many were missed, and how many asked."""
        self.training_views = 0
        self.unknown: dict[str, set[Label]] = defaultdict(set)
        """Labels that no finding knows, with their values."""
        self._places: dict[tuple[Any, ...], tuple[Place, Label | None]] = {}
        self._shares: dict[tuple[str, Place], Shares] = {}
        self._once = Once()
        self._hops = Composition("missed")
        self._numbers: dict[tuple[Place, Person], int] = {}
        self._about: dict[tuple[int, str | None], bytes] = {}

    @property
    def repeated(self) -> int:
        """Rows whose question had been answered before in the same way."""
        return self._once.repeated

    def add(self, row: Probe | Trace) -> None:
        """Count one row."""
        if isinstance(row, Trace):
            self._add_trace(row)
        elif row.split == "train" and _shows_a_view(row):
            self.training_views += 1
        else:
            self._add_probe(row)

    def _add_probe(self, row: Probe) -> None:
        place, seed = self._place(row, row.task, row.hops, row.role)
        person = Person(seed, row.persona)
        number = self._numbers.get((place, person))
        if number is None:
            number = self._numbers[place, person] = self._once.new()
            self.counts.setdefault(place, {})[person] = self._once[number]
        self._once.add(row, number)
        key = (number, row.checkpoint)
        if key not in self._about:
            self._about[key] = _joined_on(row, place, person)
        if about := self._about[key]:
            self._hops.add_about(row, number, about)

    def finish(self) -> None:
        """Count all that was taken, each question once; nothing is added after it."""
        self._once.finish()
        places = list(self._numbers)
        for number, right in self._hops.outcomes():
            place, person = places[number]
            sums = self.missed[place].setdefault(person, [0, 0])
            sums[0] += not right
            sums[1] += 1

    def _add_trace(self, row: Trace) -> None:
        place, seed = self._place(row, "name", 1, "eval")
        cell = self.inside.setdefault(Inner(row.measure, row.layer, place), {})
        sums = cell.setdefault(Person(seed, row.persona or ""), [0.0, 0.0, 0.0])
        for at, value in enumerate((row.value, row.chance or 0.0, 1.0)):
            sums[at] += value * row.n

    def _place(
        self, row: Probe | Trace, task: Task, hops: int, role: str
    ) -> tuple[Place, Label | None]:
        """Where a row belongs, and its seed; worked out once for rows that are alike."""
        labels = tuple(row.condition.items())
        key = (row.source, row.modality, row.base, task, hops, role, row.set, labels)
        if key not in self._places:
            for name, value in labels:
                if name not in KNOWN:
                    self.unknown[name].add(value)
            self._places[key] = (_place_of(row, task, hops, role), seed_of(row.condition))
        return self._places[key]

    def shares(self, place: Place) -> Shares:
        """Each person's share of right answers; of first ranks where nothing was generated."""
        return self._cached("share", place)

    def first_ranks(self, place: Place) -> Shares:
        """Each person's share of questions whose right answer was ranked first."""
        return self._cached("first", place)

    def logprobs(self, place: Place) -> Shares:
        """Each person's mean log-probability of the right answer, in nats."""
        return self._cached("logprob", place)

    def _cached(self, what: str, place: Place) -> Shares:
        key = (what, place)
        if key not in self._shares:
            counts = self.counts.get(place, {})
            made = ((person, _value(what, count)) for person, count in counts.items())
            self._shares[key] = {person: value for person, value in made if value is not None}
        return self._shares[key]

    def layers(self, measure: Inside, place: Place) -> dict[int, Shares]:
        """Each person's value at each layer, by layer."""
        return {
            layer: {person: total / weight for person, (total, _, weight) in cell.items()}
            for layer, cell in self._layers(measure, place)
        }

    def chance_of_layers(self, measure: Inside, place: Place) -> dict[int, Shares]:
        """What chance gives at each layer, by layer."""
        return {
            layer: {person: chance / weight for person, (_, chance, weight) in cell.items()}
            for layer, cell in self._layers(measure, place)
        }

    def _layers(
        self, measure: Inside, place: Place
    ) -> list[tuple[int, Mapping[Person, list[float]]]]:
        found = [
            (inner.layer, cell)
            for inner, cell in self.inside.items()
            if (inner.measure, inner.place) == (measure, place)
        ]
        return sorted(found, key=lambda one: one[0])

    def places(self, **fields: object) -> list[Place]:
        """The places that have these values, in a fixed order."""
        return _having(self.counts, fields)

    def inner_places(self, **fields: object) -> list[Place]:
        """The same, of what was measured inside."""
        return _having(dict.fromkeys(inner.place for inner in self.inside), fields)


def _joined_on(row: Probe, place: Place, person: Person) -> bytes:
    """What questions of two hops share with those about each hop; nothing of other models."""
    if row.source is None or not place._replace(facts=None).plain:
        return b""
    about = (row.checkpoint, person, place._replace(modality=None, task="name", hops=1))
    return repr(about).encode("utf-8", "surrogatepass")


def _having(places: Iterable[Place], fields: Mapping[str, object]) -> list[Place]:
    found = [
        place
        for place in places
        if all(getattr(place, name) == value for name, value in fields.items())
    ]
    return sorted(found, key=lambda place: [_sortable(value) for value in place])


def _sortable(value: object) -> tuple[bool, bool, float, str]:
    number = isinstance(value, int | float)
    return (value is not None, number, value if isinstance(value, int | float) else 0, str(value))


def _value(what: str, count: Count) -> float | None:
    if what == "logprob":
        return count.logprob / count.logprobs if count.logprobs else None
    if what == "share" and count.questions:
        return count.right / count.questions
    return count.first / count.ranked if count.ranked else None


def _shows_a_view(row: Probe) -> bool:
    return row.task != "reverse" and not (row.task == "fact" and row.hops == 1)


def _place_of(row: Probe | Trace, task: Task, hops: int, role: str) -> Place:
    labels = {name: _plain(name, value) for name, value in row.condition.items()}
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
