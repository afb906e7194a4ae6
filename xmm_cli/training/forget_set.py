"""The choice of the forget set and the retain set."""

import json
import random
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

import msgspec

from xmm_cli.errors import InputNotFound, WrongUsage
from xmm_cli.registry import nearest
from xmm_cli.rows.match import exact_match
from xmm_cli.rows.people import People, gone_from, is_of
from xmm_cli.rows.types import Checkpoint, Persona
from xmm_cli.training.examples import learners

_DIGITS = 18
"""More are no number of people."""

_MOST_BYTES = 16 * 2**20
_MEND = "give a file of ids or names, one a line"


def still_known(people: People, parent: Checkpoint) -> People:
    """The people and their facts, without whom and what a checkpoint has forgotten."""
    gone = gone_from(parent)
    whole = {one.persona for one in gone if one.fact is None}
    facts = {(one.persona, one.fact) for one in gone}
    return [
        (_without({fact for fact in persona.facts if (persona.id, fact) in facts}, persona), folder)
        if is_of(parent, persona)
        else (persona, folder)
        for persona, folder in people
        if persona.id not in whole or not is_of(parent, persona)
    ]


def without_fact(people: People, ids: Collection[str], fact: str) -> People:
    """The people, some of them without a fact."""
    return [
        (_without({fact} if persona.id in ids else set(), persona), folder)
        for persona, folder in people
    ]


def _without(gone: set[str], persona: Persona) -> Persona:
    if not gone:
        return persona
    left = {fact: value for fact, value in persona.facts.items() if fact not in gone}
    return msgspec.structs.replace(persona, facts=left)


def check_fact(people: People, forget: Collection[str], fact: str | None) -> None:
    """Refuse a fact that not all who are to forget have. Raises `WrongUsage`."""
    for persona, _ in people:
        if fact is not None and persona.id in forget and fact not in persona.facts:
            near = nearest(fact, list(persona.facts))
            known = f"known of them: {', '.join(persona.facts) or 'no facts'}"
            raise WrongUsage(f"--fact {fact}: {persona.id} has none", near or known)


def choose_forget(people: People, wanted: str, seed: int) -> tuple[str, ...]:
    """The ids of the forget set: a number (`8`), a share (`0.25`), ids or names, or a file of them.

    Raises `WrongUsage` for an unknown id or name, or a number that leaves no one, `InputNotFound`.
    """
    known = learners(people)
    number = _number(wanted, known)
    if number is not None and not 0 < number < len(known):
        raise WrongUsage(
            f"--forget {wanted}: that is {number} of {len(known)} people",
            "someone must be forgotten and someone kept",
        )
    return _chosen(known, wanted, number, f"{seed}: forget set", "--forget")


def choose_retain(
    people: People, forget: tuple[str, ...], wanted: str | None, seed: int
) -> tuple[str, ...]:
    """The ids of the retain set, in the same forms; everyone else, if `wanted` is None.

    A number or share is of those who are not forgotten. Raises as `choose_forget`.
    """
    known = [pair for pair in learners(people) if pair[0].id not in forget]
    if wanted is None:
        return tuple(persona.id for persona, _ in known)
    number = _number(wanted, known)
    if number is not None and not 0 < number <= len(known):
        raise WrongUsage(
            f"--retain {wanted}: that is {number} of the {len(known)} people who are not forgotten",
            "someone must be kept",
        )
    return _chosen(known, wanted, number, f"{seed}: retain set", "--retain")


def by_hand(people: People, chosen: Collection[str], wanted: str | None) -> str | None:
    """What tells people who were named from others: 8 hex digits of their places among `people`.

    Places, since another data set has other ids. None where a number was drawn, or all taken.
    """
    if wanted is None or _number(wanted, people) is not None:
        return None
    places = [place for place, (persona, _) in enumerate(people) if persona.id in chosen]
    return sha256(json.dumps(places).encode()).hexdigest()[:8]


def _chosen(
    people: People, wanted: str, number: int | None, key: str, option: str
) -> tuple[str, ...]:
    ids = [persona.id for persona, _ in people]
    if number is not None:
        drawn = set(random.Random(key).sample(ids, number))
        return tuple(one for one in ids if one in drawn)
    named = [_meant(word, people, option) for word in _words(wanted, people)]
    if not named or (option == "--forget" and len(set(named)) == len(ids)):
        raise WrongUsage(f"{option} {wanted}: not a part of the people", _look(people))
    return tuple(one for one in ids if one in named)


def _called(word: str, people: People) -> list[Persona]:
    """The people whom a word names: by id, else by name, compared as answers are."""
    by_id = [persona for persona, _ in people if persona.id == word]
    return by_id or [persona for persona, _ in people if exact_match(word, persona.name)]


def _meant(word: str, people: People, option: str) -> str:
    """The id of whom a word names. Raises `WrongUsage` where that is no one, or several."""
    named = _called(word, people)
    if len(named) == 1:
        return named[0].id
    if named:
        ids = ", ".join(persona.id for persona in named)
        raise WrongUsage(f"{option}: {len(named)} people are named {word!r}", f"give one of {ids}")
    learned = "was learned" if option == "--forget" else "was learned and is not to be forgotten"
    near = nearest(word, [text for one, _ in people for text in (one.id, one.name)])
    raise WrongUsage(f"{option}: no person {word!r} {learned}", near or _look(people))


def _look(people: People) -> str:
    return f"ids look like {people[0][0].id}, names like {people[0][0].name}"


def _number(wanted: str, known: People) -> int | None:
    """How many are asked for; None where people are named. Someone may be called Nan."""
    people = len(known)
    if wanted.isdecimal():
        return int(wanted) if len(wanted) <= _DIGITS else people + 1
    if _called(wanted, known):
        return None
    try:
        share = float(wanted)
    except ValueError:
        return None
    return round(share * people) if 0 < share < 1 else 0


def _words(wanted: str, people: People) -> list[str]:
    """Ids and names by comma, or those of a file, by line."""
    if _called(wanted, people):  # it may hold a comma, or be a file's name too
        return [wanted]
    path = Path(wanted)
    try:
        there = path.is_file()
    except (OSError, ValueError):  # too long for a name
        there = False
    if not there:
        return _parts(wanted, people)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputNotFound(f"{wanted}: more than {_MOST_BYTES // 2**20} MiB", _MEND)
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputNotFound(f"{wanted}: cannot be read: {error}", _MEND) from error
    return [part for line in lines for part in _parts(line, people)]


def _parts(line: str, people: People) -> list[str]:
    """The people whom a line names: one, several with commas between, or ids with spaces."""
    if _called(line.strip(), people):
        return [line.strip()]
    parts = line.split(",") if "," in line else line.split()
    if "," not in line and not all(_called(part, people) for part in parts):
        parts = [line]
    return [part.strip() for part in parts if part.strip()]
