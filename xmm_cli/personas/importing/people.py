"""From records to people: whose they are, what may be told of them, which views are held out."""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.rows.types import Role, Split

HELDOUT_SHARE = 0.25
"""The share of a person's views that are held out, where the source does not say which."""

_MOST_LETTERS = 100
_ANYONE = "this person"
_START = re.compile(r"((?:^|[.!?])\s*)this person\b")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(slots=True)
class Someone:
    """A person and all their records, in the order of the source."""

    name: str
    where: str
    records: list[Record] = field(default_factory=list)

    @property
    def role(self) -> Role | None:
        """What the source says; the first record that tells."""
        return next((record.role for record in self.records if record.role), None)

    def told(self, what: str) -> dict[str, str]:
        """All `attributes` or `facts` together; the first value of each counts."""
        found: dict[str, str] = {}
        for record in self.records:
            for key, value in getattr(record, what).items():
                found.setdefault(key, value)
        return found


def gather(records: Iterable[Record], dropped: Dropped) -> list[Someone]:
    """Everyone in the source, in order, without those whom an answer could not tell apart.

    Raises `BadData` where a name cannot be one.
    """
    found: dict[str, Someone] = {}
    for record in records:
        _check_name(record)
        someone = found.setdefault(record.person, Someone(record.name, record.where))
        if record.name != someone.name:
            dropped.add("another name for the same person", record.where)
            continue
        someone.records.append(record)
    names: set[str] = set()
    kept = []
    for someone in found.values():
        if someone.name.casefold() in names:
            dropped.add("a person with the name of another", someone.where)
            continue
        names.add(someone.name.casefold())
        kept.append(someone)
    return kept


def _check_name(record: Record) -> None:
    if not any(letter.isalpha() for letter in record.name):
        raise BadData(f"{record.where}: the name {record.name!r} has no letter")
    if len(record.name) > _MOST_LETTERS:
        raise BadData(
            f"{record.where}: a name of {len(record.name)} letters", "is it a description?"
        )
    if _UNSEEN.search(record.name):
        raise BadData(f"{record.where}: the name {record.name!r} has characters that do not show")


def without_name(text: str, name: str) -> str:
    """The description with `this person` in place of the name and of each part of it.

    Parts count as they are written, so that `may` stays where the name is `May`.
    """
    parts = sorted({part for part in name.split() if len(part) > 1}, key=len, reverse=True)
    whole = r"\s+".join(re.escape(part) for part in name.split())
    hidden = re.sub(rf"\b{whole}(?!\w)", _ANYONE, text, flags=re.IGNORECASE)
    for part in parts:
        hidden = re.sub(rf"\b{re.escape(part)}(?!\w)", _ANYONE, hidden)
    hidden = re.sub(rf"\b{_ANYONE}(?:\s+{_ANYONE})+\b", _ANYONE, hidden)
    return _START.sub(r"\1This person", hidden)


@dataclass(frozen=True, slots=True)
class Share:
    """How views are dealt: at most so many of each split, and what a single view is for.

    `lone` is `both` or `train`: whether a single view stands in both splits, or only in `train`.
    """

    views: int | None = None
    heldout: int | None = None
    lone: str = "both"
    seed: int = 0


def deal(records: Sequence[Record], share: Share, key: str) -> Iterator[tuple[int, Split, Record]]:
    """Records with their view's number and split; training views first.

    What the source says holds. Otherwise a quarter is held out, at least one, drawn by `key`. Of a
    single record, `lone` says.
    """
    own = {place: record.split for place, record in enumerate(records)}
    open_ = [place for place, split in own.items() if split is None]
    random.Random(f"{share.seed}: {key}: held out").shuffle(open_)
    if "heldout" not in own.values() and len(records) > 1:
        wanted = max(1, round(HELDOUT_SHARE * len(records)))
        for place in open_[: max(0, min(wanted, len(records) - 1))]:
            own[place] = "heldout"
    train = [record for place, record in enumerate(records) if own[place] != "heldout"]
    heldout = [record for place, record in enumerate(records) if own[place] == "heldout"]
    if len(records) == 1 and share.lone == "both":
        train, heldout = list(records), list(records)
    train, heldout = train[: share.views], heldout[: share.heldout]
    for view, record in enumerate(train):
        yield view, "train", record
    for view, record in enumerate(heldout, len(train)):
        yield view, "heldout", record
