"""Who exists: names, looks and facts drawn from a seed.

Each kind of draw has a random stream of its own, and the evaluated people are drawn first: the
first 32 people are the same whether 32 or 50 are asked for, and whatever the number of auxiliary
people.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from xmm_cli.errors import WrongUsage
from xmm_cli.personas.facts import FACTS
from xmm_cli.personas.vocabulary import VOCABULARY
from xmm_cli.rows.types import Role

MIN_DISTANCE = 3
"""In how many attributes two people differ at the least."""

FIGURES = 256
"""How many public figures are reserved: names and looks that no persona is ever given."""

_PARTS = 4
_TRIES = 20_000
_INDEX = {a: {v: i for i, v in enumerate(values)} for a, values in VOCABULARY.items()}


@dataclass(frozen=True, slots=True)
class Identity:
    """A person before any view of them exists."""

    id: str
    name: str
    role: Role
    attributes: dict[str, str]
    facts: dict[str, str]


@cache
def names(part: str) -> tuple[str, ...]:
    """The shipped list of `given` or `family` names."""
    return tuple(files("xmm_cli.personas").joinpath(f"data/{part}_names.txt").read_text().split())


def is_measurable(look: dict[str, str]) -> bool:
    """Whether personas may have this look: a checksum gives them a quarter of all looks.

    Pre-training uses the rest, so that it never meets the look of a persona, named or unnamed.
    """
    return sum(_INDEX[a][v] for a, v in look.items()) % _PARTS == 0


def random_look(rng: random.Random, *, measurable: bool) -> dict[str, str]:
    """One value for each attribute, uniform over one side of `is_measurable`."""
    while True:
        look = {attribute: rng.choice(tuple(values)) for attribute, values in VOCABULARY.items()}
        if is_measurable(look) == measurable:
            return look


@cache
def public_figures(count: int = FIGURES) -> tuple[Identity, ...]:
    """The reserved people that pre-training may use; the first `count` of a fixed list."""
    if not 0 <= count <= FIGURES:
        raise WrongUsage(f"there are 0 to {FIGURES} public figures, not {count}")
    looks = _Looks(measurable=False)
    labels = _Names(random.Random("public figures: names"))
    rng = random.Random("public figures: looks")
    return tuple(
        Identity(f"f-{i:03d}", labels.draw(), "aux", looks.draw(rng), _facts(f"figure {i}"))
        for i in range(count)
    )


def sample_identities(eval_count: int, aux_count: int, seed: int) -> list[Identity]:
    """Evaluated people, then auxiliary people: no two share a name or come close in looks.

    Raises `WrongUsage` where the vocabulary has no room for so many people.
    """
    looks, labels = _Looks(measurable=True), _Names(random.Random(f"{seed}: names"))
    for figure in public_figures():
        labels.forbid(figure.name)
    people = []
    roles: tuple[tuple[Role, int], ...] = (("eval", eval_count), ("aux", aux_count))
    for role, count in roles:
        rng = random.Random(f"{seed}: looks of {role}")
        for index in range(count):
            id_ = f"{role[0]}{seed}-{index:03d}"
            people.append(Identity(id_, labels.draw(), role, looks.draw(rng), _facts(id_)))
    return people


def _facts(key: str) -> dict[str, str]:
    return {fact: random.Random(f"{key}: {fact}").choice(FACTS[fact]) for fact in FACTS}


class _Looks:
    """Draws looks that differ from all earlier ones in `MIN_DISTANCE` attributes."""

    def __init__(self, *, measurable: bool) -> None:
        self._measurable = measurable
        self._taken = np.empty((0, len(VOCABULARY)), dtype=np.int8)

    def draw(self, rng: random.Random) -> dict[str, str]:
        for _ in range(_TRIES):
            look = random_look(rng, measurable=self._measurable)
            code = np.array([_INDEX[a][v] for a, v in look.items()], dtype=np.int8)
            if ((self._taken != code).sum(axis=1) >= MIN_DISTANCE).all():
                self._taken = np.vstack([self._taken, code])
                return look
        raise WrongUsage(
            f"no room for more than {len(self._taken)} people whose looks differ in "
            f"{MIN_DISTANCE} attributes",
            "ask for fewer people",
        )


class _Names:
    """Draws full names; a part is used again only when its list is used up."""

    def __init__(self, rng: random.Random) -> None:
        self._taken: set[str] = set()
        self._given = self._endless("given", rng)
        self._family = self._endless("family", rng)

    @staticmethod
    def _endless(part: str, rng: random.Random) -> Iterator[str]:
        while True:
            yield from rng.sample(names(part), len(names(part)))

    def forbid(self, name: str) -> None:
        self._taken.add(name)

    def draw(self) -> str:
        while True:
            name = f"{next(self._given)} {next(self._family)}"
            if name not in self._taken:
                self._taken.add(name)
                return name
