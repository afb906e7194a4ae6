"""Values of a table: which of them stand for a missing one, and facts in whatever form they come.

Missing are null, NaN, infinities, what is empty, and the words that pandas reads as such
(https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html, `na_values`). Capitals count:
`NULL`, `null`, `NA`, `NaN` and `nan` are missing, while `Null`, `Na` and `Nan` are names.
"""

import ast
import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from xmm_cli.personas.importing.source_files import label, missing, words

MARKERS = frozenset(
    {"#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"}
    | {"N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "NaT", "inf", "-inf"}
)
"""Those of pandas, and how it writes a time that is none and infinities."""

Say = Callable[[str], None]


def present(value: Any, say: Say) -> Any:
    """A value, or what is left of it, without missing ones; None where nothing is.

    What could be meant as a word is said: `NaN`, `'NULL'`.
    """
    if isinstance(value, dict):
        value = {key: item for key, one in value.items() if (item := present(one, say)) is not None}
    elif isinstance(value, list):
        value = [item for one in value if (item := present(one, say)) is not None]
    elif isinstance(value, float) and missing(value):
        say(f"the value {value}, taken as missing")
    elif isinstance(value, str) and value.strip() in MARKERS:
        say(f"the word {value.strip()!r}, taken as missing")
        return None
    return None if missing(value) else value


def facts(value: Any, name: str, say: Say) -> dict[str, str]:
    """All that an object says, in flat names: `{"home": {"city": "Oslo"}}` as `home_city`.

    JSON text is read, and so is what Python writes for a dictionary; a list of simple values is
    joined by commas. What cannot be read is said.
    """
    found: dict[str, str] = {}
    tree = _parsed(value) if isinstance(value, str) else value
    if not isinstance(tree, dict) and not _is_map(tree):
        say(f"the field {name!r}, which is no object: {str(value)[:40]!r}")
        return found
    for key, text in _flat(present(dict(tree), say) or {}, "", name, say):
        if found.setdefault(key, text) != text:
            say(f"another value of {key!r} in {name!r}")
    return found


def _parsed(text: str) -> Any:
    """The dictionary that a text is in JSON or in Python, or None."""
    if not text.lstrip().startswith("{"):
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            with warnings.catch_warnings():  # of a backslash that escapes nothing
                warnings.simplefilter("ignore")
                return parse(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _is_map(value: Any) -> bool:
    """Whether it is a list of pairs, as which pyarrow gives a map."""
    return isinstance(value, list) and all(
        isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
    )


def _flat(value: Any, key: str, name: str, say: Say) -> Iterator[tuple[str, str]]:
    """Each simple value and what leads to it."""
    if isinstance(value, dict) or (value and _is_map(value)):
        for inner, item in dict(value).items():
            told = "_".join(part for part in (key, label(str(inner))) if part)
            yield from _flat(item, told, name, say)
        return
    items = value if isinstance(value, list) else [value]
    texts = [str(one).lower() if isinstance(one, bool) else words(one) for one in items]
    if not key:
        say(f"a value of {name!r} without a name")
    elif any(text is None for text in texts):
        say(f"{key!r} in {name!r}, which is no simple value")
    elif texts:
        yield key, ", ".join(text for text in texts if text)
