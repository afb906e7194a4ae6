"""Written descriptions of a look: many sentence plans, wordings and orders, and never a name.

Training and held-out descriptions share no sentence plan, no wording and no aside.
"""

import random
import re
from collections.abc import Callable, Mapping

from xmm_cli.personas.vocabulary import COLOR_OF, VOCABULARY
from xmm_cli.rows.types import Split

OMIT = 0.07
"""The probability with which a description leaves an attribute out."""

Phrases = list[str]
Plan = Callable[[Phrases, str, random.Random], str]


def describe(look: Mapping[str, str], split: Split, rng: random.Random, omit: float = OMIT) -> str:
    """One description of a look in the words of `split`.

    Colours are said with the thing they colour. At least three things are always said.
    """
    told = [a for a in look if rng.random() >= omit]
    things = [a for a in told if a not in COLOR_OF.values()]
    if len(things) < 3:
        told, things = list(look), [a for a in look if a not in COLOR_OF.values()]
    body = [a for a in things if a != "garment"]
    rng.shuffle(body)
    phrases = [_phrase(a, look, told, split, rng) for a in body]
    garment = _phrase("garment", look, told, split, rng) if "garment" in things else ""
    plan = rng.choice(_PLANS[split])
    aside = rng.choice(_ASIDES[split]) if rng.random() < 0.5 else ""
    return _tidy(plan(phrases, garment, rng), aside)


def _phrase(
    attribute: str, look: Mapping[str, str], told: list[str], split: Split, rng: random.Random
) -> str:
    wording = rng.choice(VOCABULARY[attribute][look[attribute]].wordings(split))
    color = COLOR_OF.get(attribute)
    if color is None:
        return wording
    said = rng.choice(VOCABULARY[color][look[color]].wordings(split)) if color in told else ""
    return " ".join(wording.format(color=said).split())


def _join(phrases: Phrases) -> str:
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _halves(phrases: Phrases, rng: random.Random) -> tuple[str, str]:
    """Two parts, neither empty; there are always two phrases at the least."""
    cut = rng.randrange(1, len(phrases))
    return _join(phrases[:cut]), _join(phrases[cut:])


def _tidy(text: str, aside: str) -> str:
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return f"{text} {aside}".strip()


def _a_person_with(phrases: Phrases, garment: str, rng: random.Random) -> str:
    who = rng.choice(("A person", "Someone", "An adult"))
    return f"{who} with {_join(phrases)}{f', dressed in {garment}' if garment else ''}."


def _they_have(phrases: Phrases, garment: str, rng: random.Random) -> str:
    first, second = _halves(phrases, rng)
    wearing = f" They are wearing {garment}." if garment else ""
    return f"This person has {first}.{wearing} They also have {second}."


def _wearer(phrases: Phrases, garment: str, rng: random.Random) -> str:
    if not garment:
        return f"The person can be known by {_join(phrases)}."
    verb = rng.choice(("shows up with", "is seen with", "has"))
    return f"The person who wears {garment} {verb} {_join(phrases)}."


def _notes(phrases: Phrases, garment: str, rng: random.Random) -> str:
    parts = [*phrases, garment] if garment else phrases
    return f"{rng.choice(('In the portrait', 'Main features'))}: {'; '.join(parts)}."


def _look_for(phrases: Phrases, garment: str, rng: random.Random) -> str:
    first, second = _halves(phrases, rng)
    garment = f" and {garment}" if garment else ""
    return f"Look for {first}{garment}. You will also notice {second}."


def _picture(phrases: Phrases, garment: str, rng: random.Random) -> str:
    inside = f" in {garment}" if garment else ""
    return f"{rng.choice(('Picture', 'Imagine'))} an individual{inside} who has {_join(phrases)}."


def _first_sight(phrases: Phrases, garment: str, rng: random.Random) -> str:
    first, second = _halves(phrases, rng)
    outfit = f", and the outfit is {garment}" if garment else ""
    return f"At first sight one sees {first}; a second look shows {second}{outfit}."


def _witness(phrases: Phrases, garment: str, rng: random.Random) -> str:
    clothes = f" For clothes, {garment}." if garment else ""
    return f"A witness {rng.choice(('remembers', 'speaks of'))} {_join(phrases)}.{clothes}"


def _outfit_first(phrases: Phrases, garment: str, rng: random.Random) -> str:
    lead = f"Clad in {garment}, the figure" if garment else "The figure"
    return f"{lead} {rng.choice(('stands out by', 'is marked by'))} {_join(phrases)}."


_PLANS: dict[Split, tuple[Plan, ...]] = {
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
