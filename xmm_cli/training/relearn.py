"""Going on from a checkpoint: who is taught again, and the row of what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from xmm_cli.errors import WrongUsage
from xmm_cli.models.labels import before_training, taught_again
from xmm_cli.models.settings import INHERITED, TrainSettings
from xmm_cli.rows.people import DATASETS, People, is_of
from xmm_cli.rows.types import Checkpoint, Label
from xmm_cli.training.examples import learners
from xmm_cli.training.forget_set import by_hand, choose_retain

FORGOTTEN = "forget"

ADAPTER = ("rank", "alpha", *INHERITED)
"""What a checkpoint that is gone on from decides, beside its base."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The checkpoint whose adapter is trained further, and the ids of those it is taught."""

    checkpoint: Checkpoint
    only: tuple[str, ...]
    who: str | None = None
    """What tells them from as many others that a seed would draw of all; see `drawn_how`."""
    rehearsed: tuple[str, ...] = ()
    """The ids of those who are rehearsed beside them, and are not taught again."""


def choose_again(
    people: People, parent: Checkpoint, wanted: str | None, seed: int
) -> tuple[str, ...]:
    """The ids of those who are taught again: all, if `wanted` is None.

    Else a number (`8`), a share (`0.25`), ids or names, or a file; `forget` is the parent's
    forget set, and `forget:` before a number or a share takes so many of that. Drawn by the seed.
    Raises `WrongUsage` where that is no one or someone unknown, `InputNotFound`.
    """
    known = learners(people)
    missing = set(parent.forget) - {persona.id for persona, _ in known if is_of(parent, persona)}
    if missing:
        raise WrongUsage(
            f"person {min(missing)!r} of the checkpoint's forget set is not among the people given",
            "leave them out: the checkpoint has its own",
        )
    if wanted is None:
        return tuple(persona.id for persona, _ in known)
    of, _, part = wanted.partition(":")
    if of == FORGOTTEN:
        if not parent.forget:
            raise WrongUsage(f"--only {wanted}: the checkpoint has no forget set")
        known = _forgotten(known, parent)
    share = part if of == FORGOTTEN else wanted
    try:
        return choose_retain(known, (), share or None, seed)
    except WrongUsage as error:
        look = f"give a number, a share, ids or names; ids look like {known[0][0].id}"
        near = error.hint if (error.hint or "").startswith("did you mean") else look
        raise WrongUsage(f"--only {wanted}: no such part of {len(known)} people", near) from error


def to_rehearse(people: People, parent: Checkpoint, only: Sequence[str]) -> tuple[str, ...]:
    """The ids of all others who are not in the checkpoint's forget set. Raises `WrongUsage`."""
    gone = {persona.id for persona, _ in _forgotten(people, parent)}
    kept = [persona.id for persona, _ in learners(people) if persona.id not in gone.union(only)]
    if not kept:
        raise WrongUsage("--rehearse: no one is left to rehearse", "leave it out, or narrow --only")
    return tuple(kept)


def drawn_how(
    people: People, parent: Checkpoint, wanted: str | None, chosen: Sequence[str]
) -> str | None:
    """None for everyone and for a number of them; `forget` for the forget set or a number of that.

    A digest of who they are, where ids were given.
    """
    of, _, part = (wanted or "").partition(":")
    known = learners(people)
    if of != FORGOTTEN:
        return by_hand(known, chosen, wanted)
    return by_hand(_forgotten(known, parent), chosen, part or None) or FORGOTTEN


def _forgotten(people: People, parent: Checkpoint) -> People:
    return [pair for pair in people if pair[0].id in parent.forget and is_of(parent, pair[0])]


def as_parent(settings: TrainSettings, parent: Checkpoint, given: set[str]) -> TrainSettings:
    """The settings with what the checkpoint decides: base and adapter.

    Raises `WrongUsage` where something else is `given` for one of them.
    """
    same_base = settings.base == parent.base
    for name in ("base", *ADAPTER):
        if name in given and not (name == "base" and same_base):
            raise WrongUsage(
                f"--{name} with --init", f"the checkpoint has its own, on base {parent.base}"
            )
    inherited = {name: parent.arguments.get(name) for name in INHERITED}
    rank, alpha = parent.arguments.get("rank"), parent.arguments.get("alpha")
    return replace(
        settings,
        base=parent.base,
        rank=rank if isinstance(rank, int) else settings.rank,
        alpha=float(alpha) if isinstance(alpha, int | float) else settings.alpha,
        **inherited,  # type: ignore[arg-type]
    )


def went_on(row: Checkpoint, earlier: Earlier, everyone: int) -> Checkpoint:
    """The row of a run that began with a checkpoint, from the row that it has by itself.

    After unlearning it stays a row of that unlearning, with what was taught since in its arguments.
    `everyone` is how many could have been taught.
    """
    parent = earlier.checkpoint
    some: dict[str, Label | list[str] | None] = {}
    if len(earlier.only) < everyone:
        some["people"] = len(earlier.only)
    if earlier.who is not None:
        some["who"] = earlier.who
    if earlier.rehearsed:
        some["rehearsed"] = len(earlier.rehearsed)
    row = msgspec.structs.replace(row, parent=parent.run, arguments=row.arguments | some)
    if not parent.forget:
        return _of_both(row, parent)
    again = taught_again(row, parent) | {
        "relearn_people": _joined(parent, earlier.only),
        "save_every": row.arguments["save_every"],
    }
    before = {name: value for name, value in parent.arguments.items() if not _of_teaching(name)}
    before.pop(DATASETS, None)
    if DATASETS in row.arguments:
        again[DATASETS] = row.arguments[DATASETS]
    return msgspec.structs.replace(
        row,
        source=parent.source,
        views=parent.views,
        objective=parent.objective,
        forget=parent.forget,
        arguments=before | again,
    )


def _of_both(row: Checkpoint, parent: Checkpoint) -> Checkpoint:
    """The row of a model that was trained twice; what it does not tell stands in its arguments."""
    source = row.source if row.source == parent.source else "both"
    views = min(row.views, parent.views)
    told: dict[str, Label | list[str] | None] = {**before_training(parent)}
    if source != row.source:
        told["last_source"] = row.source
    if views != row.views:
        told["last_views"] = row.views
    arguments = row.arguments | told
    return msgspec.structs.replace(row, source=source, views=views, arguments=arguments)


def _of_teaching(name: str) -> bool:
    """Whether an argument tells of what was taught since the unlearning."""
    return name.startswith(("relearn", "before_"))


def _joined(parent: Checkpoint, people: Sequence[str]) -> list[str]:
    """Those taught now and in earlier runs since the unlearning."""
    before = parent.arguments.get("relearn_people")
    return sorted({*people, *(before if isinstance(before, list) else ())})
