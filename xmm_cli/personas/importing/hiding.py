"""Descriptions without the name of whom they describe.

Every spelling that is the same by `rows.match`, and any without accents or with `ue` for `ü`, is
replaced by `this person`: the whole name, and each word of it alone. A word of a name that is also
a word of the language (May, Rose, Brown) is replaced only where it stands as a name does.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from xmm_cli.personas.importing.common_words import is_a_name, is_common
from xmm_cli.rows.match import fold

_ANYONE = "this person"
_START = re.compile(r"((?:^|[.!?])\s*)this person(?![a-z])")
_AGAIN = re.compile(rf"\b{_ANYONE}(?:[\s-]+{_ANYONE})+\b", re.IGNORECASE)
_WITHOUT_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts that set no blanks between words, or hang endings on a name, as Unicode calls them."""
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff]"
)
"""Marks without which a name is still read: those of Latin, Greek, Cyrillic, Hebrew, Arabic."""
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t"}
    | {"æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n", "ə": "e"}
)
_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_CLUSTER = re.compile(r"\w[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u0670]*|.", re.S)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A description with the name taken out."""

    text: str
    changed: bool
    """Whether the name was there."""
    left: str | None = None
    """A word of the name that stays, since it does not stand there as a name."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as it is compared, and where each of its characters comes from."""

    plain: str
    starts: list[int]
    ends: list[int]


def without_name(text: str, name: str) -> Hidden:
    """The description with `this person` in place of the name and of each part of it."""
    text, name = (unicodedata.normalize("NFC", given) for given in (text, name))
    spans: list[tuple[int, int]] = []
    left = None
    for fold_letters in (_without_accents, _with_digraphs):
        folded = _folded(text, fold_letters)
        spans += _whole(folded, text, name, fold_letters)
        for part in _parts(name):
            for start, end in _find(folded, text, fold_letters(part), part):
                if not is_common(fold_letters(part)) or is_a_name(text, start, end):
                    spans.append((start, end))
                elif text[start].isupper() and not any(a <= start < b for a, b in spans):
                    left = left or text[start:end]
    if not spans:
        return Hidden(text, False, left)
    hidden = _AGAIN.sub(_ANYONE, _put(text, spans))
    return Hidden(_START.sub(r"\1This person", hidden), True, left)


def _put(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with `this person` for each span, and once for those that overlap."""
    made, done = [], 0
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= done:
            made += [text[done:start], _ANYONE]
        done = max(done, end)
    return "".join([*made, text[done:]])


@lru_cache(maxsize=1 << 14)
def _without_accents(text: str) -> str:
    """`Núñez` as `nunez`."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", fold(text)))
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


@lru_cache(maxsize=1 << 14)
def _with_digraphs(text: str) -> str:
    """`Müller` as `mueller`."""
    return _without_accents(fold(text).translate(_DIGRAPHS))


def _folded(text: str, fold_letters: Callable[[str], str]) -> _Text:
    """Letter by letter with its marks, so that every place can be found again."""
    plain, starts, ends = [], [], []
    for cluster in _CLUSTER.finditer(text):
        letters = " " if cluster[0].isspace() else fold_letters(cluster[0])
        plain.append(letters)
        starts += [cluster.start()] * len(letters)
        ends += [cluster.end()] * len(letters)
    return _Text("".join(plain), starts, ends)


def _whole(
    folded: _Text, text: str, name: str, fold_letters: Callable[[str], str]
) -> Iterator[tuple[int, int]]:
    """Where the whole name stands, with any blanks, hyphens or dots between its words, or none."""
    pieces = _letters(fold_letters(name))
    common = all(map(is_common, pieces))
    if len(pieces) < 2:
        return
    dots = "." if "." in name else ""
    between = rf"(?:[\s'\"_\u00b7{dots}-]{{{int(common)},3}}|\.)"
    pattern = between.join(map(re.escape, pieces))
    for start, end in _matches(folded, pattern, name):
        capitals = sum(letter.isupper() for letter in text[start:end])
        if not common or capitals >= len(pieces):
            yield start, end


def _parts(name: str) -> list[str]:
    """What is said of a name alone, the longest first.

    Its words, without marks round them, and the words in those; of three ideographs or syllables
    the last two. Words that the name writes small (`de`, `van`) are not said alone.
    """
    words = [word.strip(",;:.\"'()[]“”‘’«»") for word in name.split()]
    parts = {word for word in {*words, *_letters(name)} if len(word) > 1}
    if len(words) > 1:
        parts = {word for word in parts if not word[0].islower()}
    if len(name) == 3 and unicodedata.name(name[0], "").startswith(("CJK", "HANGUL")):
        parts.add(name[1:])
    return sorted(parts, key=lambda part: (-len(part), part))


def _letters(text: str) -> list[str]:
    """The runs of letters, digits and marks in a text."""
    return "".join(one if _joins(one) and one != "_" else " " for one in text).split()


def _find(folded: _Text, text: str, plain: str, part: str) -> Iterator[tuple[int, int]]:
    """Where a word of the name stands; one of two letters, as it is written or in capitals."""
    joined = r"[\W_]{0,2}".join(map(re.escape, _letters(plain)))
    if not joined:
        return
    for start, end in _matches(folded, rf"{re.escape(plain)}|{joined}", part):
        if len(part) > 2 or text[start:end] in (part, part.upper()) or not part[0].isupper():
            yield start, end


def _matches(folded: _Text, pattern: str, name: str) -> Iterator[tuple[int, int]]:
    """Places in the text where the pattern is a word, or its script sets no words apart."""
    apart = not any(unicodedata.name(one, "").startswith(_WITHOUT_BLANKS) for one in name)
    for found in re.finditer(pattern, folded.plain):
        beside = folded.plain[max(0, found.start() - 1) : found.start()]
        beside += folded.plain[found.end() : found.end() + 1]
        if not (apart and any(map(_joins, beside))):
            yield folded.starts[found.start()], folded.ends[found.end() - 1]


def _joins(one: str) -> bool:
    """Whether a character is part of a word: a letter, a digit, or a mark on one."""
    return one == "_" or unicodedata.category(one)[0] in "LMN"
