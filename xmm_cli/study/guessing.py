"""What guessing earns in a condition.

A model that calls strangers by taught names earns false recognition / N with N taught names
(`metrics.false_recognition`). Where no stranger was asked, chance is the recall of the untrained
base, which knows none of the names.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from xmm_cli.scoring.metrics.false_recognition import chance_of_a_name
from xmm_cli.study.effects import Shares, mean
from xmm_cli.study.place import Place
from xmm_cli.study.study import Study


@dataclass(frozen=True, slots=True)
class Guess:
    """Chance in a condition, and whose it is."""

    chance: float | Shares
    """A number, or each person's own; none at all (an empty mapping) counts as 0."""
    words: str

    @property
    def known(self) -> bool:
        """Whether anything tells it."""
        return isinstance(self.chance, float) or bool(self.chance)

    @property
    def mean(self) -> float:
        """Over persons; 0 where nothing tells it."""
        if isinstance(self.chance, float):
            return self.chance
        return mean(self.chance) if self.chance else 0.0


def guessed(
    study: Study, source: Any, modality: Any, like: Shares, base: str = "", **fields: Any
) -> Guess:
    """What guessing earns those in `like`, asked for names there."""
    place = study.place(source, modality, base, **fields)
    strangers, names = recognised(study, place), taught_names(study, place)
    if strangers and names:
        chance = chance_of_a_name(mean(strangers), names)
        return Guess(chance, f"chance {100 * chance:.1f} %, from strangers")
    untrained = study.untrained(modality, like, base)
    words = "chance from the untrained base" if untrained else "chance taken as 0"
    return Guess(untrained, words)


def recognised(study: Study, place: Place) -> Shares:
    """Of each stranger asked of the models of a place, the share of answers that are taught names.

    Empty where none was asked.
    """
    return study.people.taught(place._replace(role="aux"))


def taught_names(study: Study, place: Place) -> float:
    """How many names the models of a place were asked for; the mean where there are several."""
    asked = Counter(person.seed for person in study.people.counts.get(place, {}))
    return sum(asked.values()) / len(asked) if asked else 0.0
