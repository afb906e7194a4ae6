"""Text files in the encodings that programs save tables in, told by looking.

A byte order mark tells UTF-8, UTF-16 and UTF-32; every other byte zero tells UTF-16 without a mark.
What is valid UTF-8 is UTF-8: other encodings are so by chance only in pure ASCII. What is left is
cp1252, the encoding of Western Windows, if it reads as Western words.
"""

import codecs
import re
from pathlib import Path

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.personas.importing import Dropped

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 first: its mark starts with that of UTF-16."""

_QUIET = ("utf-8", "utf-8-sig")
_NOT_WESTERN = re.compile(
    r"[À-ÖØ-öø-ÿŠšŒœŽžŸ]{4}"  # Cyrillic, Greek; three stand in Icelandic words
    r"|[a-zß-öø-ÿ][À-ÖØ-ÞŠŒŽŸ]"  # a capital in a word: Mac OS Roman, KOI8
    r"|[a-zß-ÿ][¹²³¼½¾¿¡±÷×¤¦¬¯¶¸][a-zß-ÿ]"  # Polish, Turkish
    r"|[^\W\d_][“„‚‰†‡ƒˆ˜€¾][^\W\d_]"  # Japanese
    r"|ø[áéíýìù]|Ø[ÁÉÍÝÌÙ]|[a-záéíóúýžš]ì[a-zéž]|[ž]ï|è[íž]"  # Czech
    r"|[^\W\d_][¾¦¤¬¶]|[¾¦¤¬£¥][^\W\d_]|[a-zãâî]º[a-zãâî]|[a-zãâî]þ\b"  # Latin-2, Chinese, Romanian
)
"""What bytes of other encodings look like as cp1252, and Western words do not."""

_ACCENTED = re.compile(r"\w*[^\W\d_\x00-\x7f]\w*")
"""By a word with a letter that encodings differ in, a reader sees whether the guess is right."""

_MEND = "save it as UTF-8, or convert it: iconv -f ENCODING -t UTF-8"


def read_text(path: Path, dropped: Dropped) -> str:
    """A file's text; an encoding other than UTF-8 is noted. Raises `InputNotFound`, `BadData`."""
    if path.is_dir():
        raise InputNotFound(f"{path}: Is a directory", "--from folders and imagefolder read those")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputNotFound(f"{path}: {error.strerror}") from error
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: not UTF-8, UTF-16 or cp1252: {error.reason}", _MEND) from error
    if encoding == "cp1252" and (odd := _NOT_WESTERN.search(text)):
        line = text.count("\n", 0, odd.start()) + 1
        raise BadData(f"{path}:{line}: not UTF-8 or UTF-16, and not cp1252 by its words", _MEND)
    if encoding not in _QUIET:
        accented = _ACCENTED.search(text) if encoding == "cp1252" else None
        sample = f" (it has the word {accented[0]!r})" if accented else ""
        dropped.read(path, f"encoding {encoding}{sample}")
    return text


def _encoding(data: bytes) -> str:
    """The name that Python has for the encoding."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    start = data[:1024]
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[::2].count(0) > len(start) // 4:
        return "utf-16-be"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        # cut off within a letter, a file is still UTF-8, and damaged
        return "utf-8" if error.reason == "unexpected end of data" else "cp1252"
    return "utf-8"
