"""Who is to be forgotten."""

import random
from pathlib import Path

from xmm_cli.errors import InputNotFound, WrongUsage
from xmm_cli.training.examples import People, learners


def choose_forget(people: People, wanted: str, seed: int) -> tuple[str, ...]:
    """The ids of the forget set: a number (`8`), a share (`0.25`), ids by comma, or a file of them.

    Raises `WrongUsage` for an unknown id or a number that leaves no one, `InputNotFound`.
    """
    ids = [persona.id for persona, _ in learners(people)]
    number = _number(wanted, len(ids))
    if number is not None:
        if not 0 < number < len(ids):
            raise WrongUsage(
                f"--forget {wanted}: that is {number} of {len(ids)} people",
                "someone must be forgotten and someone kept",
            )
        drawn = set(random.Random(f"{seed}: forget set").sample(ids, number))
        return tuple(one for one in ids if one in drawn)
    named = _named(wanted)
    unknown = [one for one in named if one not in ids]
    if unknown or not named or len(named) == len(ids):
        what = f"no person {unknown[0]!r} was learned" if unknown else "not a part of the people"
        raise WrongUsage(f"--forget {wanted}: {what}", f"ids look like {ids[0]}")
    return tuple(one for one in ids if one in named)


def _number(wanted: str, people: int) -> int | None:
    if wanted.isdecimal():
        return int(wanted)
    try:
        share = float(wanted)
    except ValueError:
        return None
    return round(share * people) if 0 < share < 1 else 0


def _named(wanted: str) -> set[str]:
    path = Path(wanted)
    if not path.is_file():
        return {one.strip() for one in wanted.split(",") if one.strip()}
    try:
        return set(path.read_text().split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputNotFound(f"{wanted}: cannot be read: {error}") from error
