"""Records from flat fields: what imagefolder, JSON lines and CSV have in common.

`name` is needed. A picture is called `file_name`, `picture`, `image` or `path`, a description
`text`, `description` or `caption`, and either may be a list; `split` is `train` or `heldout`, or
another word for one (`splits`), `role` is `eval` or `aux`. `attributes` and `facts` are objects,
JSON text, or fields such as `fact.city`. Capitals do not count in the name of a field, and
`File Name` is `file_name`.
"""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.source_files import (
    Fields,
    embedded,
    file_name,
    inside,
    missing,
    words,
)
from xmm_cli.personas.importing.splits import SPLITS
from xmm_cli.personas.importing.table_values import Say, facts, present
from xmm_cli.rows.types import Role

PICTURES = ("file_name", "picture", "image", "path", "file_names", "pictures", "images")
TEXTS = ("text", "description", "caption", "texts", "descriptions", "captions")
PEOPLE = ("persona", "person")
"""Not `id`: that is as often the number of a row, and would make a person of each."""
_ROLES: dict[str, Role] = {"eval": "eval", "aux": "aux"}

_ROWS_OWN = {"id", "view"}
"""Numbers of a row, which nothing is lost without."""
_KNOWN = {"name", "split", "role", "attributes", "facts", *PICTURES, *TEXTS, *PEOPLE, *_ROWS_OWN}
_PREFIXES = ("fact.", "attribute.")


def sample(picture: str = "1.jpg", called: str = "picture") -> str:
    """A line that would work, for messages."""
    row = {"name": "Ann Lee", called: picture, "description": "A tall person in blue."}
    return f"a line that works: {json.dumps(row, ensure_ascii=False)}"


def known_columns(titles: list[str]) -> int:
    """How many of these mean something here."""
    return sum(_means_something(plain(title)) for title in titles)


def records(rows: Iterator[tuple[str, Fields]], file: Path, dropped: Dropped) -> Iterator[Record]:
    """The records of each row of a file; pictures count from its folder.

    Rows without a name, or without anything said of it, are dropped. Raises `BadData` where all
    are, where two fields have one name, or split or role are none.
    """
    kept, first = 0, ""
    renamed: dict[str, str] = {}
    for where, fields in rows:
        try:
            row = _Row(where, _by_plain_name(fields, where, renamed), dropped)
            found = row.records(file.parent)
        except RecursionError as error:
            raise BadData(f"{where}: nested too deep") from error
        if not row.fields:
            continue
        row.say_unused()
        if isinstance(found, list):
            kept += len(found)
            yield from found
        else:
            why = found
            first = first or f"{where}: {why}; it has the fields {', '.join(map(str, fields))}"
            dropped.add(f"a row with {why}", where)
    if renamed:
        dropped.read(file, f"the fields {', '.join(renamed)} as {', '.join(renamed.values())}")
    if first and not kept:
        raise BadData(first, sample())


def plain(key: str) -> str:
    """`File Name` as `file_name`."""
    return "_".join(key.replace("-", " ").casefold().split())


def _means_something(field: str) -> bool:
    return field in _KNOWN or field.startswith(_PREFIXES)


def _say_nothing(_what: str) -> None:
    """Of a field that is of no use, what is missing in it is of none either."""


def _by_plain_name(fields: Fields, where: str, renamed: dict[str, str]) -> Fields:
    found: Fields = {}
    for key, value in fields.items():
        name = plain(str(key))
        if not _means_something(name):
            found[str(key)] = value
            continue
        if name in found:
            other = next(one for one in fields if plain(str(one)) == name)
            raise BadData(f"{where}: {other!r} and {key!r} are one field", "rename or remove one")
        if name != key:
            renamed[str(key)] = name
        found[name] = value
    return found


class _Row:
    """The fields of a row, and which of them were of use."""

    def __init__(self, where: str, fields: Fields, dropped: Dropped) -> None:
        self.where, self._dropped = where, dropped
        there = {
            key: self._present(value, self.say if _means_something(key) else _say_nothing, key)
            for key, value in fields.items()
        }
        self.fields = {key: value for key, value in there.items() if value is not None}
        self._used: dict[str, str] = {}

    def _present(self, value: Any, say: Say, key: str) -> Any:
        """What is there; in lists of views with their gaps, as picture and text go by place."""
        if isinstance(value, list) and key in (*PICTURES, *TEXTS):
            places = [present(one, say) for one in value]
            return None if all(one is None for one in places) else places
        return present(value, say)

    def say(self, what: str) -> None:
        """Count something that was left out of the row."""
        self._dropped.add(what, self.where, lost=False)

    def records(self, root: Path) -> list[Record] | str:
        """A record for each picture or description, or why there is none."""
        name, person = self._one(("name",)), self._one(PEOPLE)
        split, role = self._choice("split", SPLITS), self._choice("role", _ROLES)
        pictures, texts = self._several(PICTURES, _picture), self._several(TEXTS, words)
        attributes, known = self._told("attributes", "attribute."), self._told("facts", "fact.")
        if name is None:
            return "no name"
        if not (pictures or texts or attributes or known):
            return "neither a picture nor a description"
        shown = [inside(root, one, self.where) if isinstance(one, str) else one for one in pictures]
        more = (split, role, attributes, known)
        views = [view for view in zip_longest(shown, texts) if view != (None, None)]
        return [
            Record(self.where, person or name, name, picture, text, *more)
            for picture, text in views or [(None, None)]
        ]

    def say_unused(self) -> None:
        """Count each field that has a value and was of no use."""
        for key, value in self.fields.items():
            if key in self._used or key in _ROWS_OWN:
                continue
            instead = next(
                (
                    used
                    for group in (PICTURES, TEXTS, PEOPLE)
                    for used in self._used
                    if key in group and used in group
                ),
                None,
            )
            if instead:
                self.say(f"the field {key!r}, since {instead!r} is there too")
            elif _means_something(key):
                self.say(f"the field {key!r}, which cannot be a {type(value).__name__}")
            else:
                self.say(f"the field {key!r}, which means nothing here")

    def _one(self, names: tuple[str, ...]) -> str | None:
        for name in names:
            text = words(self.fields.get(name))
            if text is not None:
                self._used[name] = name
                return text
        return None

    def _several(self, names: tuple[str, ...], read: Any) -> list[Any]:
        """The values of the first of these fields that has usable ones, None for the others."""
        for name in names:
            value = self.fields.get(name)
            items = value if isinstance(value, list) else [value]
            views = [read(one) for one in items]
            if any(view is not None for view in views):
                self._used[name] = name
                for item, view in zip(items, views, strict=True):
                    if view is None and item is not None:
                        self.say(f"a value in {name!r} that cannot be one")
                return views
        return []

    def _choice(self, name: str, known: dict[str, Any]) -> Any:
        said = self._one((name,))
        if said is None:
            return None
        if said.casefold() not in known:
            raise BadData(f"{self.where}: {name} {said!r}", f"known: {', '.join(known)}")
        return known[said.casefold()]

    def _told(self, whole: str, prefix: str) -> dict[str, str]:
        """Facts, or attributes: those of the object, then those with a field each."""
        found: dict[str, str] = {}
        if whole in self.fields:
            self._used[whole] = whole
            found = facts(self.fields[whole], whole, self.say)
        own = {key: value for key, value in self.fields.items() if key.startswith(prefix)}
        for key, value in own.items():
            self._used[key] = key
            for name, text in facts({key.removeprefix(prefix): value}, key, self.say).items():
                if found.setdefault(name, text) != text:
                    self.say(f"another value of {name!r} in {key!r}")
        return found


def _picture(value: Any) -> str | bytes | None:
    """The name of a picture, or the picture: as it is, or as `datasets` stores it."""
    if isinstance(value, dict | bytes):
        return embedded(value)
    return None if missing(value) else file_name(value)
