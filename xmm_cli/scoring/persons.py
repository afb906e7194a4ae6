"""Who a row is about: the pair of data set and id, since ids alone repeat between data sets.

Rows of before name no data set. There, people of one id are told apart by their right answers: two
names are two people, and so are two answers to one question. Where a row does not give a name, the
checkpoint it is about does, if it knows one person of that id alone. A person without a data set is
the one of a data set who has the same id and name, if there is exactly one.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import NamedTuple


class Person(NamedTuple):
    """A person, as counted."""

    dataset: str
    """The fingerprint of the data set; empty in rows of before."""
    id: str
    name: str = ""
    """Empty where data set and id say who it is."""


class Sighting(NamedTuple):
    """What rows that name no data set say about somebody."""

    unit: Hashable
    """The checkpoint, or the untrained base, with the folder of its rows."""
    id: str
    name: str | None
    """The right answer to the name question; None where that was not asked."""
    facts: frozenset[tuple[int, int]]
    """Hashes of other questions with those of their right answers."""


class Persons:
    """Tells persons apart whose rows name no data set."""

    def __init__(
        self, sightings: Iterable[Sighting], known: Mapping[tuple[str, str], set[str]]
    ) -> None:
        """`known` has the data sets in which an id and a name stand."""
        self.ambiguous: set[str] = set()
        """Ids that stand for several people."""
        self._known = known
        self._names: dict[str, set[str]] = defaultdict(set)
        self._unit_names: dict[tuple[Hashable, str], set[str]] = defaultdict(set)
        self._facts: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._clusters: dict[str, list[dict[int, int]]] = defaultdict(list)
        seen = list(sightings)
        for sighting in seen:
            if sighting.name is not None:
                self._names[sighting.id].add(sighting.name)
                self._unit_names[sighting.unit, sighting.id].add(sighting.name)
            for question, answer in sighting.facts:
                self._facts[sighting.id][question].add(answer)
        self._facts_of_name: dict[tuple[str, str], set[tuple[int, int]]] = defaultdict(set)
        for sighting in seen:
            if name := self._only_name(sighting):
                self._facts_of_name[sighting.id, name] |= sighting.facts
        for person in {sighting.id for sighting in seen}:
            answers = self._facts[person].values()
            if len(self._names[person]) > 1 or any(len(some) > 1 for some in answers):
                self.ambiguous.add(person)

    def person(self, sighting: Sighting) -> Person:
        """Who it is."""
        if sighting.id not in self.ambiguous:
            names = self._names[sighting.id]
            return self._adopted(sighting.id, next(iter(names), ""), "")
        name = sighting.name or self._only_name(sighting) or self._name_by_facts(sighting)
        if name is not None:
            return self._adopted(sighting.id, name, name)
        return Person("", sighting.id, f"#{self._cluster(sighting)}")

    def _adopted(self, person: str, name: str, shown: str) -> Person:
        datasets = self._known.get((person, name), set())
        if name and len(datasets) == 1:
            return Person(next(iter(datasets)), person)
        return Person("", person, shown)

    def _only_name(self, sighting: Sighting) -> str | None:
        if sighting.name is not None:
            return sighting.name
        names = self._unit_names.get((sighting.unit, sighting.id), set())
        return next(iter(names)) if len(names) == 1 else None

    def _name_by_facts(self, sighting: Sighting) -> str | None:
        """The only name whose facts agree with these in all questions they share, and share one."""
        fits = [
            name
            for name in self._names[sighting.id]
            if _agree(sighting.facts, self._facts_of_name[sighting.id, name])
        ]
        return fits[0] if len(fits) == 1 else None

    def _cluster(self, sighting: Sighting) -> int:
        """The number of the first nameless person of that id with whom nothing disagrees."""
        facts = dict(sighting.facts)
        for number, known in enumerate(self._clusters[sighting.id]):
            if all(known.get(question, answer) == answer for question, answer in facts.items()):
                known.update(facts)
                return number
        self._clusters[sighting.id].append(facts)
        return len(self._clusters[sighting.id]) - 1


def _agree(facts: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> bool:
    known = dict(others)
    shared = [known[question] == answer for question, answer in facts if question in known]
    return bool(shared) and all(shared)
