"""The rule by which two names, or an answer and the expected one, are the same.

Everything in xmm that compares names uses `normalise`: answers and their scores, the names that a
question is ranked among, and people at import. Letters and accents count: José is not Jose.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_UNSEEN = re.compile(
    "[\u00ad\u034f\u0640\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's Default_Ignorable_Code_Point (joiners, soft hyphens and the like), and the tatweel."""

_SHAPES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02b9\u02bb\u02bc\u2032\u00b4\u0060\uff07", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u05be\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u2022\u2027\u30fb\uff65", "\u00b7")
)
"""Apostrophes, hyphens and middle dots in the shapes that keyboards and editors give them."""


@lru_cache(maxsize=1 << 14)
def normalise(answer: str) -> str:
    """What decides whether two names are the same: `fold`, without punctuation at both ends."""
    folded = fold(answer)
    inner = [i for i, character in enumerate(folded) if not _is_outer(character)]
    return folded[inner[0] : inner[-1] + 1] if inner else ""


def fold(text: str) -> str:
    """The text without differences of case and form; white space single, letters as they are.

    Unicode's toNFKC_Casefold (Unicode Standard 3.13, R5): full-width letters as plain ones, accents
    in one of the ways to write them, no characters that do not show. Apostrophes, hyphens and
    middle dots have one shape each.
    """
    # an accent that stands alone would become a blank with a mark
    text = unicodedata.normalize("NFC", text).translate(_SHAPES)
    for _ in range(2):  # a folded letter may have another form
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
        text = unicodedata.normalize("NFKC", text.casefold())
    return " ".join(text.translate(_SHAPES).split())


def _is_outer(character: str) -> bool:
    """Punctuation, a symbol, a separator or a control; a mark belongs to the letter before it."""
    return unicodedata.category(character)[0] in "PSZC"


def exact_match(answer: str, expected: str) -> bool:
    """Whether both are the same once normalised; an empty answer matches nothing."""
    return bool(normalise(answer)) and normalise(answer) == normalise(expected)


class Candidates:
    """The answers that a question is ranked among: of those that are the same, one."""

    def __init__(self, values: Iterable[str]) -> None:
        self._spelt: dict[str, str] = {}
        for value in values:
            self._spelt.setdefault(normalise(value) or value, value)
        self._all = tuple(self._spelt.values())

    def with_right(self, right: str) -> tuple[str, ...]:
        """All of them, the right one as it is spelt here."""
        key = normalise(right) or right
        if self._spelt.get(key) == right:
            return self._all
        return tuple((self._spelt | {key: right}).values())
