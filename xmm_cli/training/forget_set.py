"""Who is to be forgotten, and who is kept."""

import json
import random
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from xmm_cli.errors import InputNotFound, WrongUsage
from xmm_cli.rows.people import is_of
from xmm_cli.rows.types import Checkpoint
from xmm_cli.training.examples import People, learners

_DIGITS = 18
"""More are no number of people."""

_MOST_BYTES = 16 * 2**20
_MEND = "give a file of ids, one a line"


def gone_before(parent: Checkpoint) -> tuple[str, ...]:
    """The ids of those whom a checkpoint has forgotten and was not taught again."""
    again = parent.arguments.get("relearn_people")
    back = again if isinstance(again, list) else ()
    return tuple(one for one in parent.forget if one not in back)


def still_known(people: People, parent: Checkpoint) -> People:
    """The people without those whom a checkpoint has forgotten."""
    gone = set(gone_before(parent))
    return [pair for pair in people if pair[0].id not in gone or not is_of(parent, pair[0])]


def choose_forget(people: People, wanted: str, seed: int) -> tuple[str, ...]:
    """The ids of the forget set: a number (`8`), a share (`0.25`), ids by comma, or a file of them.

    Raises `WrongUsage` for an unknown id or a number that leaves no one, `InputNotFound`.
    """
    ids = [persona.id for persona, _ in learners(people)]
    number = _number(wanted, len(ids))
    if number is not None and not 0 < number < len(ids):
        raise WrongUsage(
            f"--forget {wanted}: that is {number} of {len(ids)} people",
            "someone must be forgotten and someone kept",
        )
    return _chosen(ids, wanted, number, f"{seed}: forget set", "--forget")


def choose_retain(
    people: People, forget: tuple[str, ...], wanted: str | None, seed: int
) -> tuple[str, ...]:
    """The ids of the retain set, in the same forms; everyone else, if `wanted` is None.

    A number or share is of those who are not forgotten. Raises as `choose_forget`.
    """
    ids = [persona.id for persona, _ in learners(people) if persona.id not in forget]
    if wanted is None:
        return tuple(ids)
    number = _number(wanted, len(ids))
    if number is not None and not 0 < number <= len(ids):
        raise WrongUsage(
            f"--retain {wanted}: that is {number} of the {len(ids)} people who are not forgotten",
            "someone must be kept",
        )
    return _chosen(ids, wanted, number, f"{seed}: retain set", "--retain")


def by_hand(people: People, chosen: Collection[str], wanted: str | None) -> str | None:
    """What tells people who were named from others: 8 hex digits of their places among `people`.

    Places, since another data set has other ids. None where a number was drawn, or all taken.
    """
    if wanted is None or _number(wanted, len(people)) is not None:
        return None
    places = [place for place, (persona, _) in enumerate(people) if persona.id in chosen]
    return sha256(json.dumps(places).encode()).hexdigest()[:8]


def _chosen(
    ids: list[str], wanted: str, number: int | None, key: str, option: str
) -> tuple[str, ...]:
    if number is not None:
        drawn = set(random.Random(key).sample(ids, number))
        return tuple(one for one in ids if one in drawn)
    named = _named(wanted)
    unknown = sorted(named - set(ids))
    if unknown or not named or (option == "--forget" and len(named) == len(ids)):
        at_hand = (
            "was learned" if option == "--forget" else "was learned and is not to be forgotten"
        )
        what = f"no person {unknown[0]!r} {at_hand}" if unknown else "not a part of the people"
        raise WrongUsage(f"{option} {wanted}: {what}", f"ids look like {ids[0]}")
    return tuple(one for one in ids if one in named)


def _number(wanted: str, people: int) -> int | None:
    if wanted.isdecimal():
        return int(wanted) if len(wanted) <= _DIGITS else people + 1
    try:
        share = float(wanted)
    except ValueError:
        return None
    return round(share * people) if 0 < share < 1 else 0


def _named(wanted: str) -> set[str]:
    path = Path(wanted)
    try:
        there = path.is_file()
    except (OSError, ValueError):  # too long for a name
        there = False
    if not there:
        return {one.strip() for one in wanted.split(",") if one.strip()}
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputNotFound(f"{wanted}: more than {_MOST_BYTES // 2**20} MiB", _MEND)
        return set(path.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputNotFound(f"{wanted}: cannot be read: {error}", _MEND) from error
