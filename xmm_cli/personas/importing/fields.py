"""Records from flat fields: what imagefolder, JSON lines and CSV have in common.

`name` is needed. A picture is called `file_name`, `picture`, `image` or `path`; a description
`text`, `description` or `caption`; `split` is `train` or `heldout` (or `test`, `validation`),
`role` is `eval` or `aux`. `attributes` and `facts` are objects, or fields such as `fact.city`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.sources import Fields, file_name, inside, labels, words
from xmm_cli.rows.types import Role, Split

PICTURES = ("file_name", "picture", "image", "path")
TEXTS = ("text", "description", "caption")
PEOPLE = ("persona", "person")
"""Not `id`: that is as often the number of a row, and would make a person of each."""
_SPLITS: dict[str, Split] = {
    "train": "train",
    "heldout": "heldout",
    "test": "heldout",
    "validation": "heldout",
}
_ROLES: dict[str, Role] = {"eval": "eval", "aux": "aux"}


_KNOWN = {"id", "name", "split", "role", "view", "attributes", "facts", *PICTURES, *TEXTS, *PEOPLE}


def records(rows: Iterator[tuple[str, Fields]], root: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each row. Raises `BadData` where one has no name, picture or description."""
    for where, row in rows:
        name = words(row.get("name"))
        if name is None:
            raise BadData(f"{where}: no name", f"it has the fields {', '.join(map(str, row))}")
        picture, text = _first(row, PICTURES, file_name), _first(row, TEXTS)
        if picture is None and text is None:
            raise BadData(
                f"{where}: neither a picture nor a description",
                f"they are called {', '.join(PICTURES)} and {', '.join(TEXTS)}",
            )
        for key, value in row.items():
            if value and key not in _KNOWN and not str(key).startswith(("fact.", "attribute.")):
                dropped.add(f"the field {key!r}, which means nothing here", where)
        yield Record(
            where=where,
            person=_first(row, PEOPLE) or name,
            name=name,
            picture=None if picture is None else inside(root, picture, where),
            text=text,
            split=_one(row, "split", _SPLITS, where),
            role=_one(row, "role", _ROLES, where),
            attributes=_labels(row, "attributes", "attribute."),
            facts=_labels(row, "facts", "fact."),
        )


def _first(
    row: Fields, names: tuple[str, ...], read: Callable[[Any], str | None] = words
) -> str | None:
    return next((found for name in names if (found := read(row.get(name)))), None)


def _one(row: Fields, name: str, known: dict[str, Any], where: str) -> Any:
    said = words(row.get(name))
    if said is None:
        return None
    if said.casefold() not in known:
        raise BadData(f"{where}: {name} {said!r}", f"known: {', '.join(known)}")
    return known[said.casefold()]


def _labels(row: Fields, whole: str, prefix: str) -> dict[str, str]:
    own = {key.removeprefix(prefix): row[key] for key in row if str(key).startswith(prefix)}
    return labels(row.get(whole)) | labels(own)
