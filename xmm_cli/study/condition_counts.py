"""What all families of findings count on: the counts of `scoring.counts`, by condition and person.

Rows of training views are left out where a view is shown: recall is of held-out views. Facts by
name and the reverse question show none, and count whatever their split.

Models that differ in a label that no finding knows (steps, learning rate, adapter …) are never put
together: of each kind of model, the plainest is taken, which has the fewest such labels, and among
equals the one with most people. A note names the others.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from xmm_cli.models.labels import RETRAIN
from xmm_cli.rows.types import Inside, Label, Trace
from xmm_cli.scoring.counts import Counts, PersonCounts, QuestionKind
from xmm_cli.scoring.packed_labels import unpacked
from xmm_cli.scoring.persons import Person as Counted
from xmm_cli.scoring.scan import Measure, WantedCounts
from xmm_cli.scoring.seeds import seed_of
from xmm_cli.study.effects import SeededPerson, Shares
from xmm_cli.study.place import Place, Unknown, having, unlike, where

WANTED = WantedCounts({"logprob": Measure("logprob")}, "missed", confusions=True)
"""What findings need to have counted."""


class Inner(NamedTuple):
    """What was measured inside a model, and where."""

    measure: Inside
    layer: int
    place: Place


class ConditionCounts:
    """The counts by condition and person; traces are added one by one."""

    def __init__(self, counts: Counts, traces: Iterable[Trace] = ()) -> None:
        self.counts: dict[Place, dict[SeededPerson, PersonCounts]] = {}
        self.inside: dict[Inner, dict[SeededPerson, list[float]]] = {}
        """Sum of values, sum of chances, weight."""
        self.repeated = counts.repeated
        self.notes = list(counts.notes)
        self.training_views = 0
        self._shares: dict[tuple[str, Place], Shares] = {}
        self._models: dict[Place, dict[str, dict[SeededPerson, PersonCounts]]] = {}
        """Retrained models, each checkpoint by itself."""
        self._paths: dict[tuple[Place, SeededPerson], str | None] = {}
        found = [(asked, *where(asked)) for asked in counts.asked if asked.attack is None]
        traced = [(trace, *where(trace)) for trace in traces]
        chosen = self._plainest(
            [(place, unknown, len(counts.asked[asked].persons)) for asked, place, unknown in found]
            + [(place, unknown, 1) for _, place, unknown in traced]
        )
        for asked, place, unknown in found:
            if asked.split == "train" and _shows_a_view(asked):
                self.training_views += counts.asked[asked].rows
            elif chosen[place.model] == unknown:
                self._add(place, seed_of(unpacked(asked.labels)), counts.asked[asked].persons)
        for trace, place, unknown in traced:
            if chosen[place.model] == unknown:
                self._add_trace(trace, place)

    def _plainest(self, found: Iterable[tuple[Place, Unknown, int]]) -> dict[Place, Unknown]:
        """Of each kind of model the plainest; the others are noted."""
        persons: dict[Place, dict[Unknown, int]] = defaultdict(lambda: defaultdict(int))
        for place, unknown, number in found:
            persons[place.model][unknown] += number
        chosen = {}
        for model, variants in persons.items():
            by_merit = sorted(variants, key=lambda one: (len(one), -variants[one], str(one)))
            chosen[model] = by_merit[0]
            for other in by_merit[1:]:
                labels = unlike(other, chosen[model])
                said = f"left out: models of {model.base} that differ in {labels}"
                if said not in self.notes:
                    self.notes.append(said)
        return chosen

    def _add(
        self,
        place: Place,
        seed: Label | None,
        persons: Mapping[tuple[str | None, Counted], PersonCounts],
    ) -> None:
        cell = self.counts.setdefault(place, {})
        for checkpoint, counted in sorted(persons, key=str):
            person = SeededPerson(seed, counted)
            if place.objective == RETRAIN:
                models = self._models.setdefault(place, {})
                models.setdefault(str(checkpoint), {})[person] = persons[checkpoint, counted]
            path = self._paths.setdefault((place, person), checkpoint)
            if path != checkpoint and place.objective == RETRAIN:
                if str(checkpoint) < str(path):  # one of them, whatever the order of rows
                    self._paths[place, person] = checkpoint
                    cell[person] = persons[checkpoint, counted]
                continue
            if path != checkpoint:
                said = "left out: checkpoints with the labels of another one about the same people"
                if said not in self.notes:
                    self.notes.append(said)
                continue
            before, more = cell.get(person), persons[checkpoint, counted]
            cell[person] = more if before is None else before.plus(more)

    def _add_trace(self, row: Trace, place: Place) -> None:
        cell = self.inside.setdefault(Inner(row.measure, row.layer, place), {})
        person = SeededPerson(seed_of(row.condition), Counted(row.dataset or "", row.persona or ""))
        sums = cell.setdefault(person, [0.0, 0.0, 0.0])
        for at, value in enumerate((row.value, row.chance or 0.0, 1.0)):
            sums[at] += value * row.n

    @property
    def missed(self) -> dict[Place, dict[SeededPerson, tuple[float, int]]]:
        """Of two-hop questions whose hops were known: how many were missed, of how many."""
        return {
            place: {
                person: (counts.measured["missed"][1], counts.measured["missed"][0])
                for person, counts in cell.items()
                if "missed" in counts.measured
            }
            for place, cell in self.counts.items()
            if place.task == "fact" and place.hops > 1
        }

    def shares(self, place: Place) -> Shares:
        """Each person's share of right answers; of first ranks where nothing was generated."""
        return self._cached("share", place)

    def first_ranks(self, place: Place) -> Shares:
        """Each person's share of questions whose right answer was ranked first."""
        return self._cached("first", place)

    def taught(self, place: Place) -> Shares:
        """Each person's share of answers that are the name of somebody who was taught."""
        return self._cached("taught", place)

    def restricted(self, place: Place) -> Shares:
        """Each person's share of right answers among those that are a taught name."""
        return self._cached("restricted", place)

    def logprobs(self, place: Place) -> Shares:
        """Each person's mean log-probability of the right answer, in nats."""
        return self._cached("logprob", place)

    def logprobs_by_model(self, place: Place) -> dict[str, Shares]:
        """The same of each retrained checkpoint by itself, by its path."""
        return {
            path: {
                person: value
                for person, counts in persons.items()
                if (value := _value("logprob", counts)) is not None
            }
            for path, persons in sorted(self._models.get(place, {}).items())
        }

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
    ) -> list[tuple[int, Mapping[SeededPerson, list[float]]]]:
        found = [
            (inner.layer, cell)
            for inner, cell in self.inside.items()
            if (inner.measure, inner.place) == (measure, place)
        ]
        return sorted(found, key=lambda one: one[0])

    def places(self, **fields: object) -> list[Place]:
        """The places that have these values, in a fixed order."""
        return having(self.counts, fields)


_VALUES: dict[str, Callable[[PersonCounts], tuple[int, float]]] = {
    "share": lambda counts: counts.of("generate" if counts.questions else "rank"),
    "first": lambda counts: counts.of("rank"),
    "logprob": lambda counts: counts.of("logprob"),
    "taught": lambda counts: counts.of("false_recognition"),
    "restricted": lambda counts: counts.of("recall_restricted"),
}
"""What is asked for → number and sum."""


def _value(what: str, counts: PersonCounts) -> float | None:
    number, total = _VALUES[what](counts)
    return total / number if number else None


def _shows_a_view(asked: QuestionKind) -> bool:
    return asked.task != "reverse" and not (asked.task == "fact" and asked.hops == 1)
