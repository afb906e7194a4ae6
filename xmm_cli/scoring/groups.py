"""Groups of comparable cells, made from counts.

A group is what is compared: one task, set, split and condition, with all cells in it. A cell holds
the share of right answers of each person. Several checkpoints with the same source in one group are
pooled, and a person under several of them is averaged over them. By default they differ in nothing
but their people: every label parts groups, and where two checkpoints have the same labels and were
asked about the same person, their paths do. Labels that a reader leaves out of `by` are pooled, and
a note says so. Where every person was taught under one seed, the group knows which, for intervals
over seeds as well. Questions under an attack are no part of a group, unless `by` names `attack`,
which parts them by it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.types import Answer, ForgetOrRetain, Label, Modality, Source, Split, Task
from xmm_cli.scoring.counts import CellCounts, Counts, PersonCounts, QuestionKind
from xmm_cli.scoring.packed_labels import unpacked
from xmm_cli.scoring.persons import Person
from xmm_cli.scoring.seeds import SEEDS, seed_of

ANSWERS: tuple[Answer, ...] = ("generate", "rank")
FIELDS = ("base", "hops", "role")
"""Fields of a row that become labels of a group where they differ between rows."""
ALWAYS = ("through",)
"""Labels that part groups whether they are named or not: a leak is about the other modality."""
ATTACK = "attack"
"""The label of what was asked under an attack."""
STRANGERS = "false_recognition"
"""The way of counting in which people who were never taught stand in a group."""
SHOWN = 3
"""So many values of a label are named."""

CellKey = tuple[str, Source | None, Modality]
"""A way of answering, or the name of a measure; source and modality."""
Frozen = tuple[tuple[str, str, Label], ...]
"""Labels as name, type and value, so that 1 and true are not the same key."""
GroupKey = tuple[Task, ForgetOrRetain | None, Split, Frozen]


@dataclass(slots=True)
class Cell:
    """What was asked of a source in a modality, per person."""

    shares: dict[Person, float]
    """The share of right answers; the mean, where the cell is of a measure."""
    questions: dict[Person, int]
    candidates: Counter[int]
    checkpoints: int


@dataclass(slots=True)
class Group:
    """Cells that may be compared with each other."""

    task: Task
    set: ForgetOrRetain | None
    split: Split
    condition: dict[str, Label]
    cells: dict[CellKey, Cell] = field(default_factory=dict)
    """By answer, source and modality; source None is the untrained base."""
    seeds: dict[Person, Label] = field(default_factory=dict)
    """Under which seed each person was taught, of those whose rows name one, and only one."""
    taught: float | None = None
    """How many names each checkpoint was taught, on average; None where that is unknown."""

    def sources(self) -> frozenset[Source | None]:
        """What the probed models had learned from; None is the untrained base."""
        return frozenset(source for _, source, _ in self.cells)

    def order(self) -> tuple[object, ...]:
        """A key that sorts groups the same way whatever order the rows came in."""
        labels = [(name, isinstance(value, str), value) for name, value in self.condition.items()]
        kinds = [type(value).__name__ for value in self.condition.values()]
        return (self.task, self.split, self.set or "", labels, kinds)


def labels_of(asked: QuestionKind, by: Iterable[str] | None) -> dict[str, Label]:
    """All labels of a row, sorted by name, or those of them named in `by`."""
    labels: dict[str, Label] = {"base": asked.base, "hops": asked.hops, "role": asked.role}
    labels |= unpacked(asked.labels)
    if asked.attack is not None:
        labels[ATTACK] = asked.attack
    wanted = labels if by is None else [name for name in (*by, *ALWAYS) if name in labels]
    return {name: _plain(labels[name]) for name in sorted(wanted)}


@dataclass(frozen=True, slots=True)
class Gathered:
    """The groups, in an order that does not depend on that of the rows, and what to tell a user."""

    groups: list[Group]
    notes: list[str]


def gather(
    counts: Counts, by: list[str] | None, roles: Iterable[str], measures: Iterable[str] = ()
) -> Gathered:
    """All groups of people with these roles; strangers (role aux) join those of the same labels.

    `measures` are those that were counted beside right answers.

    Raises:
        WrongUsage: a label in `by` is on no row.
    """
    attacked = by is not None and ATTACK in by
    asked_so = [asked for asked in counts.asked if attacked or asked.attack is None]
    own = [asked for asked in asked_so if asked.role in set(roles)]
    strangers = [
        asked
        for asked in asked_so
        if asked.role == "aux" and "aux" not in set(roles) and asked.task == "name"
    ]
    known = {asked: labels_of(asked, by) for asked in own}
    if by is not None and known:
        _check(by, own)
    else:
        _drop_constant(known)
    pools: dict[GroupKey, _Pool] = {}
    for asked, cell, labels in _parted(counts, known, by):
        pools.setdefault(_key(asked, labels), _Pool(asked, labels, measures)).add(asked, cell)
    for asked in strangers:
        labels = {name: one for name, one in labels_of(asked, by).items() if name != "role"}
        for pool in _pools_like(pools.values(), asked, labels):
            pool.add_strangers(asked, counts.asked[asked])
    groups = sorted((pool.group_with_cells(counts) for pool in pools.values()), key=Group.order)
    return Gathered(groups, [] if by is None else _pooled(pools.values()))


def _key(asked: QuestionKind, labels: Mapping[str, Label]) -> GroupKey:
    frozen = tuple((name, type(value).__name__, value) for name, value in labels.items())
    return (asked.task, asked.set, asked.split, frozen)


def _parted(
    counts: Counts, known: Mapping[QuestionKind, dict[str, Label]], by: list[str] | None
) -> Iterable[tuple[QuestionKind, CellCounts, dict[str, Label]]]:
    """Each cell with its labels; with their paths, where checkpoints of the same labels are two."""
    persons: dict[tuple[GroupKey, Source | None], set[tuple[str | None, Person]]] = defaultdict(set)
    for asked, labels in known.items():
        persons[_key(asked, labels), asked.source].update(counts.asked[asked].persons)
    twice = {
        place for place, seen in persons.items() if len({person for _, person in seen}) < len(seen)
    }
    for asked, labels in known.items():
        cell = counts.asked[asked]
        if by is not None or (_key(asked, labels), asked.source) not in twice:
            yield asked, cell, labels
            continue
        for path in sorted({str(checkpoint) for checkpoint, _ in cell.persons}):
            part = CellCounts(
                {key: one for key, one in cell.persons.items() if str(key[0]) == path},
                cell.candidates,
            )
            yield asked, part, dict(sorted({**labels, "checkpoint": path}.items()))


def _pools_like(
    pools: Iterable["_Pool"], asked: QuestionKind, labels: Mapping[str, Label]
) -> Iterable["_Pool"]:
    """The pools of the same question and labels, whatever set their people are of."""
    for pool in pools:
        group = pool.group
        alike = {name: one for name, one in group.condition.items() if name in labels}
        same = (asked.task, asked.split, asked.attack)
        if (group.task, group.split, group.condition.get(ATTACK)) == same and all(
            labels[name] == one for name, one in alike.items()
        ):
            yield pool


class _Pool:
    """One group while its persons are being counted."""

    def __init__(
        self, asked: QuestionKind, labels: dict[str, Label], measures: Iterable[str]
    ) -> None:
        self.group = Group(asked.task, asked.set, asked.split, labels)
        self.ways = (*ANSWERS, *(way for way in measures if way != STRANGERS))
        self.counts: dict[CellKey, dict[Person, dict[str | None, tuple[int, float]]]] = {}
        self.candidates: dict[CellKey, Counter[int]] = defaultdict(Counter)
        self.seeds: dict[Person, set[Label | None]] = defaultdict(set)
        self.bases: set[tuple[str | None, str]] = set()
        self.labels: list[dict[str, Label]] = []
        """All labels of the trained models in it."""

    def add(self, asked: QuestionKind, cell: CellCounts) -> None:
        """Count what was asked with the same fields."""
        for way in self.ways:
            self._add(way, asked, cell.persons)
        self.candidates["rank", asked.source, asked.modality] += cell.candidates
        if asked.source is not None:
            labels = unpacked(asked.labels)
            self.labels.append({"base": asked.base, "hops": asked.hops, **labels})
            seed = seed_of(labels)
            for checkpoint, person in cell.persons:
                self.seeds[person].add(seed)
                self.bases.add((checkpoint, asked.base))

    def add_strangers(self, asked: QuestionKind, cell: CellCounts) -> None:
        """Count how often people who were never taught are given a taught name."""
        if asked.source is not None:
            own = {
                key: one for key, one in cell.persons.items() if (key[0], asked.base) in self.bases
            }
            self._add(STRANGERS, asked, own)

    def _add(
        self, way: str, asked: QuestionKind, cell: Mapping[tuple[str | None, Person], PersonCounts]
    ) -> None:
        place = (way, asked.source, asked.modality)
        persons = self.counts.get(place, {})
        for (checkpoint, person), counts in cell.items():
            number, right = counts.of(way)
            if number:
                kept = persons.setdefault(person, {})
                before = kept.get(checkpoint, (0, 0))
                kept[checkpoint] = (before[0] + number, before[1] + right)
        if persons:
            self.counts[place] = persons

    def group_with_cells(self, counts: Counts) -> Group:
        """The group, once all persons are in."""
        for place, persons in self.counts.items():
            shares, questions = {}, {}
            checkpoints: set[str | None] = set()
            for person, kept in persons.items():
                counted = kept.values()
                shares[person] = fsum([right / asked for asked, right in counted]) / len(counted)
                questions[person] = sum([asked for asked, _ in counted])
                checkpoints.update(kept)
            candidates = self.candidates.get(place, Counter())
            self.group.cells[place] = Cell(shares, questions, candidates, len(checkpoints))
        for person, seeds in self.seeds.items():
            seed = next(iter(seeds))
            if len(seeds) == 1 and seed is not None:
                self.group.seeds[person] = seed
        names = [
            len(counts.taught[base])
            for base in sorted(self.bases, key=str)
            if base in counts.taught
        ]
        self.group.taught = fsum(names) / len(names) if names else None
        return self.group


def _pooled(pools: Iterable[_Pool]) -> list[str]:
    """Which labels were pooled over, with their values; seeds are meant to be."""
    values: dict[str, dict[str, None]] = defaultdict(dict)
    for pool in pools:
        names = {name for labels in pool.labels for name in labels}
        for name in sorted(names - {*pool.group.condition, *SEEDS}):
            seen = dict.fromkeys(
                str(_plain(labels[name])) if name in labels else "absent" for labels in pool.labels
            )
            if len(seen) > 1:
                values[name] |= seen
    said = [f"{name} ({_named(list(seen))})" for name, seen in values.items()]
    if not said:
        return []
    return [f"unlike models are pooled: over {', '.join(said)}; add these to --by to part them"]


def _named(values: Sequence[str]) -> str:
    more = len(values) - SHOWN
    return ", ".join(values[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _check(by: list[str], known: Iterable[QuestionKind]) -> None:
    """Refuse a name in `by` that no row has."""
    labels = {name for asked in known for name in labels_of(asked, None)}
    for name in by:
        if name not in labels:
            listed = "labels are: " + ", ".join(sorted(labels))
            raise WrongUsage(f"no probe row has the label {name!r}", listed)


def _drop_constant(known: dict[QuestionKind, dict[str, Label]]) -> None:
    """Take away those of `FIELDS` that are the same on every row of a task."""
    for task in {asked.task for asked in known}:
        rows = [labels for asked, labels in known.items() if asked.task == task]
        for name in FIELDS:
            if len({str(labels.get(name)) for labels in rows}) == 1:
                for labels in rows:
                    labels.pop(name, None)


def _plain(value: Label) -> Label:
    """4.0 as 4: a label that was typed and one that was computed are the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
