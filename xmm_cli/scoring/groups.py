"""Groups of comparable cells, made from a tally.

A group is what is compared: one task, set, split and condition, with all cells in it. A cell holds
the share of right answers of each person. Several checkpoints with the same source in one group
(training seeds, say) are pooled, and a person under several of them is averaged over them. Where
every person was taught under one seed, the group knows which, for intervals over seeds as well.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.types import Answer, ForgetOrRetain, Label, Modality, Source, Split, Task
from xmm_cli.scoring.labels import unpacked
from xmm_cli.scoring.seeds import seed_of
from xmm_cli.scoring.tally import Asked, Questions, Tally

ANSWERS: tuple[Answer, ...] = ("generate", "rank")
FIELDS = ("base", "hops", "role")
"""Fields of a row that become labels of a group where they differ between rows."""

Place = tuple[str, Source | None, Modality]
"""A way of answering, or the name of a measure; source and modality."""
Frozen = tuple[tuple[str, str, Label], ...]
"""Labels as name, type and value, so that 1 and true are not the same key."""


@dataclass(slots=True)
class Cell:
    """What was asked of a source in a modality, per person."""

    shares: dict[str, float]
    """The share of right answers; the mean, where the cell is of a measure."""
    questions: dict[str, int]
    candidates: Counter[int]
    checkpoints: int


@dataclass(slots=True)
class Group:
    """Cells that may be compared with each other."""

    task: Task
    set: ForgetOrRetain | None
    split: Split
    condition: dict[str, Label]
    cells: dict[Place, Cell] = field(default_factory=dict)
    """By answer, source and modality; source None is the untrained base."""
    seeds: dict[str, Label] = field(default_factory=dict)
    """Under which seed each person was taught, of those whose rows name one, and only one."""

    def sources(self) -> frozenset[Source | None]:
        """What the probed models had learned from; None is the untrained base."""
        return frozenset(source for _, source, _ in self.cells)

    def order(self) -> tuple[object, ...]:
        """A key that sorts groups the same way whatever order the rows came in."""
        labels = [(name, isinstance(value, str), value) for name, value in self.condition.items()]
        kinds = [type(value).__name__ for value in self.condition.values()]
        return (self.task, self.split, self.set or "", labels, kinds)


def labels_of(asked: Asked, by: Iterable[str] | None) -> dict[str, Label]:
    """All labels of a row, sorted by name, or those of them named in `by`."""
    labels: dict[str, Label] = {"base": asked.base, "hops": asked.hops, "role": asked.role}
    labels |= unpacked(asked.labels)
    wanted = labels if by is None else [name for name in by if name in labels]
    return {name: _plain(labels[name]) for name in sorted(wanted)}


def gather(tally: Tally, by: list[str] | None, measures: Iterable[str] = ()) -> list[Group]:
    """All groups, in an order that does not depend on that of the rows.

    `measures` are those that were tallied beside right answers.

    Raises:
        WrongUsage: a label in `by` is on no row.
    """
    known = {asked: labels_of(asked, by) for asked in tally.asked}
    if by is not None and known:
        _check(by, tally.asked)
    else:
        _drop_constant(known)
    pools: dict[tuple[Task, ForgetOrRetain | None, Split, Frozen], _Pool] = {}
    for asked, questions in tally.asked.items():
        key = (asked.task, asked.set, asked.split, _freeze(known[asked]))
        pool = pools.setdefault(key, _Pool(Group(*key[:3], known[asked]), measures))
        pool.add(asked, questions)
    return sorted((pool.group_with_cells() for pool in pools.values()), key=Group.order)


class _Pool:
    """One group while its persons are being counted."""

    def __init__(self, group: Group, measures: Iterable[str]) -> None:
        self.group = group
        self.ways = (*ANSWERS, *measures)
        self.counts: dict[Place, dict[str, dict[str | None, tuple[int, float]]]] = {}
        self.candidates: dict[Place, Counter[int]] = defaultdict(Counter)
        self.seeds: dict[str, set[Label | None]] = defaultdict(set)

    def add(self, asked: Asked, questions: Questions) -> None:
        """Count what was asked with the same fields."""
        for way in self.ways:
            place = (way, asked.source, asked.modality)
            persons = self.counts.get(place, {})
            for (checkpoint, persona), counts in questions.persons.items():
                number, right = counts.of(way)
                if number:
                    kept = persons.setdefault(persona, {})
                    before = kept.get(checkpoint, (0, 0))
                    kept[checkpoint] = (before[0] + number, before[1] + right)
            if persons:
                self.counts[place] = persons
        self.candidates["rank", asked.source, asked.modality] += questions.candidates
        if asked.source is not None:
            seed = seed_of(unpacked(asked.labels))
            for _, persona in questions.persons:
                self.seeds[persona].add(seed)

    def group_with_cells(self) -> Group:
        """The group, once all persons are in."""
        for place, persons in self.counts.items():
            shares, questions = {}, {}
            checkpoints: set[str | None] = set()
            for persona, kept in persons.items():
                counted = kept.values()
                shares[persona] = fsum([right / asked for asked, right in counted]) / len(counted)
                questions[persona] = sum([asked for asked, _ in counted])
                checkpoints.update(kept)
            candidates = self.candidates.get(place, Counter())
            self.group.cells[place] = Cell(shares, questions, candidates, len(checkpoints))
        for persona, seeds in self.seeds.items():
            seed = next(iter(seeds))
            if len(seeds) == 1 and seed is not None:
                self.group.seeds[persona] = seed
        return self.group


def _check(by: list[str], known: Iterable[Asked]) -> None:
    """Refuse a name in `by` that no row has."""
    labels = {name for asked in known for name in labels_of(asked, None)}
    for name in by:
        if name not in labels:
            raise WrongUsage(f"no probe row has the label {name!r}", _listed(labels))


def _listed(labels: set[str]) -> str:
    return "labels are: " + ", ".join(sorted(labels))


def _drop_constant(known: dict[Asked, dict[str, Label]]) -> None:
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


def _freeze(labels: dict[str, Label]) -> Frozen:
    return tuple((name, type(value).__name__, value) for name, value in labels.items())
