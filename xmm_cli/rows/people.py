"""Who is who: a person is (data set, id), since ids alone repeat between data sets."""

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from xmm_cli.rows.types import Checkpoint, ForgetOrRetain, Persona

DIGITS = 12

People = Sequence[tuple[Persona, Path]]
"""Persona rows, each with the folder that its paths count from."""

PersonaKey = Callable[[Persona], object]

DATASETS = "datasets"
"""The argument of a checkpoint row that lists the data sets of its people, if they are several."""


def person_of(row: Persona) -> tuple[str | None, str]:
    """Who a row is of: data set and id."""
    return row.dataset, row.id


def id_of(row: Persona) -> str:
    """Who a row is of, where lists of ids say who is meant."""
    return row.id


def data_sets(people: Iterable[Persona]) -> list[str | None]:
    """The fingerprints of these people's data sets, sorted; None is that of rows of before."""
    return sorted({persona.dataset for persona in people}, key=lambda name: name or "")


def dataset_of(people: Iterable[Persona]) -> str | None:
    """One fingerprint for all these people: their data set's own, or one made of several.

    None where no row names its data set.
    """
    known = data_sets(people)
    if len(known) < 2:
        return known[0] if known else None
    return sha256(json.dumps(known).encode()).hexdigest()[:DIGITS]


def where_from(people: Iterable[Persona]) -> dict[str, list[str]]:
    """What a checkpoint row's arguments say of the people's data sets, where they are several."""
    known = data_sets(people)
    return {DATASETS: [name for name in known if name]} if len(known) > 1 else {}


def is_of(checkpoint: Checkpoint, persona: Persona) -> bool:
    """Whether a checkpoint's lists of ids may mean this person.

    Not where both rows name their data sets, and these are others.
    """
    several = checkpoint.arguments.get(DATASETS)
    known = several if isinstance(several, list) else [checkpoint.dataset]
    return None in (checkpoint.dataset, persona.dataset) or persona.dataset in known


def set_of(checkpoint: Checkpoint | None, persona: Persona) -> ForgetOrRetain | None:
    """Which set a person belongs to after unlearning.

    None where nothing was unlearned, and for people of another data set than was learned.
    """
    if checkpoint is None or not checkpoint.forget or not is_of(checkpoint, persona):
        return None
    again = checkpoint.arguments.get("relearn_people")
    if isinstance(again, list) and persona.id in again:
        return "relearned"
    return "forget" if persona.id in checkpoint.forget else "retain"
