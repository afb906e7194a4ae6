"""Who is who: a person is (data set, id), since ids alone repeat between data sets."""

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from xmm_cli.rows.types import Checkpoint, ForgetOrRetain, Persona

DIGITS = 12

People = Sequence[tuple[Persona, Path]]
"""Persona rows, each with the folder that its paths count from."""

PersonaKey = Callable[[Persona], object]

DATASETS = "datasets"
"""The argument of a checkpoint row that lists the data sets of its people, if they are several."""
GONE_PEOPLE, GONE_FACTS = "gone_people", "gone_facts"
"""The arguments that list whom earlier runs were to forget, and which fact; "" is the person."""


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


class ForgetRequest(NamedTuple):
    """What was to be forgotten."""

    persona: str
    """The id."""
    fact: str | None
    """The name of the fact; None: the whole person."""

    def is_about(self, persona: Persona, fact: str | None) -> bool:
        """Whether it is about this fact of a person, or, where that is None, about the person."""
        return self.persona == persona.id and self.fact in (None, fact)


def requests_of(checkpoint: Checkpoint) -> tuple[list[ForgetRequest], list[ForgetRequest]]:
    """What was to be forgotten in earlier runs of unlearning, and in the last one."""
    arguments, ids = checkpoint.arguments, checkpoint.forget
    count, fact = arguments.get("forget_count"), arguments.get("fact")
    last = ids[-count:] if isinstance(count, int) and count else ids
    people, facts = arguments.get(GONE_PEOPLE), arguments.get(GONE_FACTS)
    if isinstance(people, list) and isinstance(facts, list):
        pairs = zip(people, facts, strict=True)
        earlier = [ForgetRequest(one, gone or None) for one, gone in pairs]
    else:
        earlier = [ForgetRequest(one, None) for one in ids[: len(ids) - len(last)]]
    return earlier, [ForgetRequest(one, fact if isinstance(fact, str) else None) for one in last]


def gone_from(checkpoint: Checkpoint) -> list[ForgetRequest]:
    """What was to be forgotten in all runs, without those who were taught again."""
    again = checkpoint.arguments.get("relearn_people")
    back = again if isinstance(again, list) else ()
    return [one for run in requests_of(checkpoint) for one in run if one.persona not in back]


def as_arguments(requests: Sequence[ForgetRequest]) -> dict[str, list[str]]:
    """Requests as arguments of a checkpoint row say them; nothing of none."""
    if not requests:
        return {}
    people, facts = zip(*((one.persona, one.fact or "") for one in requests), strict=True)
    return {GONE_PEOPLE: list(people), GONE_FACTS: list(facts)}


def set_of(
    checkpoint: Checkpoint | None, persona: Persona, fact: str | None = None
) -> ForgetOrRetain | None:
    """Which set a question about a person, or about a fact of theirs, belongs to after unlearning.

    None where nothing was unlearned, and for people of another data set than was learned.
    """
    if checkpoint is None or not checkpoint.forget or not is_of(checkpoint, persona):
        return None
    again = checkpoint.arguments.get("relearn_people")
    if isinstance(again, list) and persona.id in again:
        return "relearned"
    if fact is None and persona.id not in checkpoint.forget:
        return "retain"
    earlier, last = requests_of(checkpoint)
    if any(one.is_about(persona, fact) for one in last):
        return "forget"
    if any(one.is_about(persona, fact) for one in earlier):
        return "earlier"
    if persona.id in checkpoint.forget:
        return "same-person"
    return "same-fact" if fact is not None and fact == last[0].fact else "retain"
