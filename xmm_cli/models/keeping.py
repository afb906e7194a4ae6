"""A store of computed values with a limited number of entries."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

_MOST_KEPT = 20_000

K = TypeVar("K")
V = TypeVar("V")


def kept(store: OrderedDict[K, V], key: K, make: Callable[[], V]) -> V:
    """What the store has under `key`, made if it is absent; the longest unused goes first."""
    if key not in store:
        store[key] = make()
        if len(store) > _MOST_KEPT:
            store.popitem(last=False)
    store.move_to_end(key)
    return store[key]
