"""From records to people: whose they are, what may be told of them, which views are held out."""

import random
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.rows.types import Role, Split

HELDOUT_SHARE = 0.25
"""The share of a person's views that are held out, where the source does not say which."""

_MOST_LETTERS = 100
_ANYONE = "this person"
_START = re.compile(r"((?:^|[.!?])\s*)this person(?![a-z])")
_ROUND_WORDS = ",;:.\"'()[]“”‘’«»"
_WITHOUT_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts that set no blanks between words, or hang endings on a name, as Unicode calls them."""
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

    Raises `BadData` where a name cannot be one, or something is no text.
    """
    found: dict[str, Someone] = {}
    for record in records:
        _check_text(record)
        _check_name(record)
        name = _composed(record.name)
        someone = found.setdefault(_composed(record.person), Someone(name, record.where))
        if name != someone.name:
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

    Parts count as they are written, so that `may` stays where the name is `May`; where words are
    not set apart by blanks, wherever they stand.
    """
    text, name = _composed(text), _composed(name)
    whole = r"\s+".join(re.escape(part) for part in name.split())
    hidden = _hide(re.compile(whole, re.IGNORECASE), name, text)
    for part in sorted(_parts(name), key=lambda part: (-len(part), part)):
        hidden = _hide(re.compile(re.escape(part)), part, hidden)
    hidden = re.sub(rf"\b{_ANYONE}(?:[\s-]+{_ANYONE})+\b", _ANYONE, hidden)
    return _START.sub(r"\1This person", hidden)


def _parts(name: str) -> set[str]:
    """What is said of a name alone: its words, without marks round them, and the words in those."""
    words = {word.strip(_ROUND_WORDS) for word in name.split()}
    letters = "".join(one if _joins(one) else " " for one in name).split()
    return {part for part in {*words, *letters} if len(part) > 1}


def _hide(pattern: re.Pattern[str], name: str, text: str) -> str:
    """Put `this person` wherever the pattern is a word, or its script sets no words apart."""
    apart = not any(unicodedata.name(one, "").startswith(_WITHOUT_BLANKS) for one in name)

    def put(found: re.Match[str]) -> str:
        beside = text[max(0, found.start() - 1) : found.start()] + text[found.end() :][:1]
        return found[0] if apart and any(map(_joins, beside)) else _ANYONE

    return pattern.sub(put, text)


def _joins(one: str) -> bool:
    """Whether a character is part of a word: a letter, a digit, or a mark on one."""
    return one == "_" or unicodedata.category(one)[0] in "LMN"


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
