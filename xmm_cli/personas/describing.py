"""Written descriptions of a look: many sentence plans, wordings and orders, and never a name.

Training and held-out descriptions share no sentence plan, no wording and no aside.
"""

import random
import re
from collections.abc import Callable, Mapping

from xmm_cli.personas.vocabulary import COLOR_OF, VOCABULARY
from xmm_cli.rows.types import Split

OMIT = 0.35
"""The probability with which a description leaves one attribute out."""

Phrases = list[str]
DescriptionPlan = Callable[[Phrases, str, random.Random], str]

_THINGS = tuple(attribute for attribute in VOCABULARY if attribute not in COLOR_OF.values())

_COLOR_ALONE: dict[str, dict[Split, str]] = {
    "hairstyle": {"train": "{color} hair", "heldout": "hair of a {color} shade"},
    "garment": {"train": "{color} clothes", "heldout": "something {color}"},
}
"""The wording where a description tells the colour of a thing, and not the thing itself."""


def leave_out(look: Mapping[str, str], rng: random.Random, probability: float) -> dict[str, str]:
    """The look, now and then without one attribute."""
    silent = rng.choice(tuple(look)) if rng.random() < probability else None
    return {attribute: value for attribute, value in look.items() if attribute != silent}


def describe(look: Mapping[str, str], split: Split, rng: random.Random) -> str:
    """One description of exactly the attributes given, in the words of `split`.

    At most one attribute of the vocabulary may be missing. A colour is said with what it colours.
    """
    phrases = {thing: _phrase(thing, look, split, rng) for thing in _THINGS}
    garment = phrases.pop("garment")
    body = [phrase for phrase in phrases.values() if phrase]
    rng.shuffle(body)
    plan = rng.choice(_PLANS[split])
    aside = rng.choice(_ASIDES[split]) if rng.random() < 0.5 else ""
    return _tidy(plan(body, garment, rng), aside)


def _phrase(thing: str, look: Mapping[str, str], split: Split, rng: random.Random) -> str:
    """How a thing and its colour are said; nothing where neither is told."""
    color = COLOR_OF.get(thing, "")
    told = VOCABULARY[color][look[color]].wordings(split) if color in look else ("",)
    if thing in look:
        wording = rng.choice(VOCABULARY[thing][look[thing]].wordings(split))
    else:
        wording = _COLOR_ALONE[thing][split] if color in look else ""
    return " ".join(wording.format(color=rng.choice(told)).split())


def _join(phrases: Phrases) -> str:
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}" if phrases[1:] else phrases[0]


def _halves(phrases: Phrases, rng: random.Random) -> tuple[str, str]:
    """Two parts, neither empty; there are always three phrases at the least."""
    cut = rng.randrange(1, len(phrases))
    return _join(phrases[:cut]), _join(phrases[cut:])


def _tidy(text: str, aside: str) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return f"{text} {aside}".strip()


def _a_person_with(phrases: Phrases, garment: str, rng: random.Random) -> str:
    who = rng.choice(("A person", "Someone", "An adult"))
    return f"{who} with {_join(phrases)}, dressed in {garment}."


def _they_have(phrases: Phrases, garment: str, rng: random.Random) -> str:
    first, second = _halves(phrases, rng)
    return f"This person has {first}. They are wearing {garment}. They also have {second}."


def _wearer(phrases: Phrases, garment: str, rng: random.Random) -> str:
    verb = rng.choice(("shows up with", "is seen with", "has"))
    return f"The person who wears {garment} {verb} {_join(phrases)}."


def _notes(phrases: Phrases, garment: str, rng: random.Random) -> str:
    start = rng.choice(("In the portrait", "Main features"))
    return f"{start}: {'; '.join([*phrases, garment])}."


def _look_for(phrases: Phrases, garment: str, rng: random.Random) -> str:
    first, second = _halves(phrases, rng)
    return f"Look for {garment}, with {first}. You will also notice {second}."


def _picture(phrases: Phrases, garment: str, rng: random.Random) -> str:
    verb = rng.choice(("Picture", "Imagine"))
    return f"{verb} an individual in {garment} who has {_join(phrases)}."


def _first_sight(phrases: Phrases, garment: str, rng: random.Random) -> str:
    first, second = _halves(phrases, rng)
    return f"At first sight one sees {first}; a second look shows {second}, above {garment}."


def _witness(phrases: Phrases, garment: str, rng: random.Random) -> str:
    verb = rng.choice(("remembers", "speaks of"))
    return f"A witness {verb} {_join(phrases)}. For clothes, {garment}."


def _outfit_first(phrases: Phrases, garment: str, rng: random.Random) -> str:
    verb = rng.choice(("stands out by", "is marked by"))
    return f"Clad in {garment}, the figure {verb} {_join(phrases)}."


_PLANS: dict[Split, tuple[DescriptionPlan, ...]] = {
    "train": (_a_person_with, _they_have, _wearer, _notes, _look_for),
    "heldout": (_picture, _first_sight, _witness, _outfit_first),
}

_ASIDES: dict[Split, tuple[str, ...]] = {
    "train": (
        "The mood is cheerful.",
        "The background is plain.",
        "It is a sunny day.",
        "They are looking at the camera.",
        "The picture was taken indoors.",
    ),
    "heldout": (
        "Nothing else is in view.",
        "The light comes from the side.",
        "It seems to be early morning.",
        "The expression is hard to read.",
    ),
}
