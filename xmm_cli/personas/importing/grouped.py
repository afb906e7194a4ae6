"""From records to people: whose they are, what may be told of them, which views are held out."""

import random
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.notes import Notes
from xmm_cli.rows.match import exact_match, normalise
from xmm_cli.rows.types import Role, Split

HELDOUT_SHARE = 0.25
"""The share of a person's views that are held out, where the source does not say which."""

_MOST_LETTERS = 100
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Controls, line ends and marks that turn the direction of writing."""
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
"""What does not show."""


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


def gather(
    records: Iterable[Record], dropped: Dropped, notes: Notes | None = None
) -> list[Someone]:
    """Everyone in the source, in order, without those whom an answer could not tell apart.

    Who is the same by name is said by `rows.match`. Records without an id belong to one person for
    one name, in whatever spelling; a person with an id and the name of another is dropped.
    Raises `BadData` where a name cannot be one, or something is no text.
    """
    notes = notes or Notes()
    found: dict[tuple[str, str], Someone] = {}
    for record in records:
        _check_text(record)
        _check_name(record)
        name = _shown(record, notes)
        someone = found.setdefault(_who(record), Someone(name, record.where))
        if not exact_match(name, someone.name):
            dropped.add("another name for the same person", record.where)
            continue
        if name != someone.name:
            notes.add("records spell the name of a person otherwise than the first", record.where)
        someone.records.append(record)
    names: set[str] = set()
    kept = []
    for someone in found.values():
        if normalise(someone.name) in names:
            dropped.add("a person with the name of another", someone.where)
            continue
        names.add(normalise(someone.name))
        kept.append(someone)
    return kept


def _who(record: Record) -> tuple[str, str]:
    """What tells a person from others: the source's id, or the name where it has none."""
    if record.person == record.name:
        return "name", normalise(record.name)
    return "id", _composed(record.person)


def _shown(record: Record, notes: Notes) -> str:
    """The name as it is learned and asked for: composed, without characters that do not show."""
    composed = _composed(" ".join(record.name.split()))
    name = _UNSEEN.sub(lambda found: found[0] * _shapes(composed, found.start()), composed)
    if name != composed:
        notes.add("names had characters that do not show, which were removed", record.where)
    return name


def _shapes(text: str, place: int) -> bool:
    """Whether a joiner stands there between letters and shapes them, as in Persian and Sinhala."""
    beside = text[max(0, place - 1) : place + 2]
    return (
        beside[1:2] in ("\u200c", "\u200d")
        and len(beside) == 3
        and all(unicodedata.category(one)[0] in "LM" for one in beside[::2])
    )


def _composed(text: str) -> str:
    """The same text in one of the ways to write it: an accent is part of its letter (NFC)."""
    return unicodedata.normalize("NFC", text)


def _check_text(record: Record) -> None:
    told = [*record.attributes.items(), *record.facts.items()]
    for text in (
        record.person,
        record.name,
        record.text or "",
        *(one for pair in told for one in pair),
    ):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadData(
                f"{record.where}: {text[:80]!r} has half a character (a surrogate)"
            ) from error


def _check_name(record: Record) -> None:
    if not any(letter.isalpha() for letter in normalise(record.name)):
        raise BadData(f"{record.where}: the name {record.name!r} has no letter")
    if len(record.name) > _MOST_LETTERS:
        raise BadData(
            f"{record.where}: a name of {len(record.name)} letters", "is it a description?"
        )
    if _STEERING.search(record.name):
        raise BadData(f"{record.where}: the name {record.name!r} has characters that do not show")


@dataclass(frozen=True, slots=True)
class Share:
    """How views are dealt: at most so many of each split, and what a single view is for.

    `lone` is `both` or `train`: whether a single view stands in both splits, or only in `train`.
    """

    views: int | None = None
    heldout: int | None = None
    lone: str = "both"
    seed: int = 0


def assign(
    records: Sequence[Record], usable: Sequence[Collection[int]], share: Share, key: str
) -> list[Split]:
    """The split of each record, which is that of its picture and of its description.

    `usable` has, for each modality, the places of the records that can be used in it. What the
    source says holds. In a modality where it holds nothing out, a quarter is held out, at least
    one, drawn by `key`: first such records as serve every modality that they are of.
    """
    own = [record.split for record in records]
    open_ = [place for place, split in enumerate(own) if split is None]
    random.Random(f"{share.seed}: {key}: held out").shuffle(open_)
    wanted = [_to_hold_out(places, own) for places in usable]
    left = [sum(own[place] != "heldout" for place in places) for places in usable]
    for enough in (all, any):
        for place in open_:
            mine = [number for number, places in enumerate(usable) if place in places]
            if own[place] is not None or not mine or any(left[number] < 2 for number in mine):
                continue
            if enough(wanted[number] > 0 for number in mine):
                own[place] = "heldout"
                for number in mine:
                    wanted[number] -= 1
                    left[number] -= 1
    return [split or "train" for split in own]


def _to_hold_out(places: Collection[int], own: Sequence[Split | None]) -> int:
    """How many records of a modality are to be held out, beyond what the source says."""
    if len(places) < 2 or any(own[place] == "heldout" for place in places):
        return 0
    return max(1, round(HELDOUT_SHARE * len(places)))


def deal(
    found: Mapping[int, Record], splits: Sequence[Split], share: Share
) -> Iterator[tuple[int, Split, Record]]:
    """The records of one modality, by place, with their view's number and split; training first.

    Of a single record, `lone` says.
    """
    train = [record for place, record in found.items() if splits[place] != "heldout"]
    heldout = [record for place, record in found.items() if splits[place] == "heldout"]
    if len(found) == 1 and share.lone == "both":
        train, heldout = list(found.values()), list(found.values())
    train, heldout = train[: share.views], heldout[: share.heldout]
    for view, record in enumerate(train):
        yield view, "train", record
    for view, record in enumerate(heldout, len(train)):
        yield view, "heldout", record
