"""Text for a stream whose encoding lacks some of its letters: no sign is lost or mistaken."""

import unicodedata

_ALIKE = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{RIGHTWARDS ARROW}": ">",
    "\N{LEFTWARDS ARROW}": "<",
    "\N{HORIZONTAL ELLIPSIS}": "~",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{MIDDLE DOT}": ".",
    "\N{BULLET}": "*",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{GREATER-THAN OR EQUAL TO}": ">",
    "\N{LESS-THAN OR EQUAL TO}": "<",
    "\N{CHECK MARK}": "+",
    "\N{BALLOT X}": "-",
}
"""Each as wide as what it stands for, so that columns stay in line."""
_LINES, _BLOCKS = range(0x2500, 0x2580), range(0x2580, 0x25A0)
"""Code points that frame tables, and that bars are made of."""


def encodable(text: str, encoding: str) -> str:
    r"""`text`, where each letter that `encoding` lacks is a like one, or written out (`\u4e2d`)."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_in(letter, encoding) for letter in text)
    return text


def _in(letter: str, encoding: str) -> str:
    for shown in (letter, _ALIKE.get(letter), _drawn(letter), _plain(letter)):
        if shown:
            try:
                shown.encode(encoding)
            except UnicodeEncodeError:
                continue
            return shown
    return letter.encode("ascii", "backslashreplace").decode()


def _drawn(letter: str) -> str:
    if ord(letter) in _BLOCKS:
        return "#"
    if ord(letter) not in _LINES:
        return ""
    name = unicodedata.name(letter)
    return "-" if "HORIZONTAL" in name and "VERTICAL" not in name else "|"


def _plain(letter: str) -> str:
    """Without accents, and plain where it is a variant (`²`, full width)."""
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(_ALIKE.get(part, part) for part in parts if not unicodedata.combining(part))
