"""xmm measures cross-modality memorization in vision-language models.

The commands are functions, and the rows that they write are structs: see `xmm help python`. Nothing
is loaded before it is used. `__init__.pyi` has the types, for editors and type checkers.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

COMMANDS = ("gen_personas", "train", "unlearn", "probe", "score", "report")
PLACES: dict[str, tuple[str, ...]] = {
    "api": ("Rows", "RowsOrFiles", "findings", "read_rows", "to_pandas"),
    "rows.types": ("Persona", "Checkpoint", "Probe", "Trace", "Score", "Finding", "Audit", "Run"),
    "errors": (
        *("XmmError", "WorkFailed", "WrongUsage", "GateTripped", "BadData", "InputNotFound"),
        *("BadPicture", "Unavailable", "CannotWrite", "Doubtful", "LeftOut"),
    ),
}
_PLACE_OF = dict.fromkeys(COMMANDS, "api") | {
    name: place for place, names in PLACES.items() for name in names
}
__all__ = ["__version__", *_PLACE_OF]


def __getattr__(name: str) -> Any:
    """Load what is asked for."""
    if name not in _PLACE_OF:
        raise AttributeError(f"module 'xmm_cli' has no attribute {name!r}")
    place = import_module(f"xmm_cli.{_PLACE_OF[name]}")
    value = place.function(name) if name in COMMANDS else getattr(place, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """All names, loaded or not."""
    return sorted({*globals(), *__all__})
