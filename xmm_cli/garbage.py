"""Python's search for garbage, kept away from where there is none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def none_is_made() -> Iterator[None]:
    """Inside the block, no garbage is looked for: modules that are loaded make much that stays."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


@contextmanager
def what_is_there_stays() -> Iterator[None]:
    """Inside the block, what was there before is not looked through, garbage in it included.

    All that torch or DuckDB and scipy hold takes as long to look through as some steps of a small
    model, and hundreds of thousands of new objects have it looked through again and again.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
