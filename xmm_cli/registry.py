"""Tables of methods that are imported only when one of them is used.

A registry maps a name to `"module:attribute"` and one line of help, so that listing the
objectives does not import torch, and an unknown name is answered with the nearest known one.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

from xmm_cli.errors import WrongUsage


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean csv?` where a known word is near, else nothing."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_folded, n=1)
    return f"did you mean {by_folded[near[0]]}?" if near else ""


def unknown(what: str, known: Iterable[str]) -> str:
    """The hint for a word that is none of these: the nearest, and all of them."""
    names = list(known)
    return f"{nearest(what, names)} known: {', '.join(names)}".lstrip()


class Entry(NamedTuple):
    """Where a method is (`"module:attribute"`), and what it is, in one line."""

    target: str
    summary: str


class Registry:
    """The methods of one kind (`objective`, `renderer` …) by name, in the order they were given."""

    def __init__(self, kind: str, entries: Mapping[str, Entry | tuple[str, str]]) -> None:
        self.kind = kind
        self._entries = {name: Entry(*entry) for name, entry in entries.items()}
        for name, entry in self._entries.items():
            module, _, attribute = entry.target.partition(":")
            if not module or not attribute:
                raise ValueError(f"{kind} {name}: {entry.target!r} is not 'module:attribute'")

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def names(self) -> list[str]:
        """Every name, in order."""
        return list(self._entries)

    def describe(self) -> dict[str, str]:
        """Name and one line of help of each entry, in order."""
        return {name: entry.summary for name, entry in self._entries.items()}

    def check(self, name: str) -> str:
        """Give `name` back if it is known, without importing anything.

        Raises:
            WrongUsage: the name is unknown; the nearest one and all of them are in the message.
        """
        if name in self._entries:
            return name
        raise WrongUsage(f"unknown {self.kind} {name!r}", unknown(name, self._entries))

    def load(self, name: str) -> Any:
        """Import what `name` stands for.

        Raises:
            WrongUsage: the name is unknown.
        """
        target = self._entries[self.check(name)].target
        module, _, attribute = target.partition(":")
        return getattr(import_module(module), attribute)
