"""Fonts that have the letters of a text: that of matplotlib, then those of the system."""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path


def font_for(text: str) -> Path | None:
    """The first font with a glyph for each character of the text; None where no font has all.

    DejaVu Sans comes first, which has Latin, Greek, Cyrillic, Arabic and more; then the system's
    fonts, sans-serif ones first, by path.
    """
    wanted = {ord(character) for character in text if _shows(character)}
    if wanted <= _glyphs(_bundled()):
        return _bundled()
    return next((path for path in _of_the_system() if wanted <= _glyphs(path)), None)


def fonts_for(text: str) -> tuple[list[Path], str]:
    """The fonts that together have the characters of the text, and those that no font has."""
    fonts, missing = {_bundled(): None}, ""
    for character in dict.fromkeys(text):
        if any(ord(character) in _glyphs(path) for path in fonts) or not _shows(character):
            continue
        path = font_for(character)
        if path is None:
            missing += character
        else:
            fonts[path] = None
    return list(fonts), missing


def _shows(character: str) -> bool:
    """Whether a character needs a glyph: not blanks, controls and joiners."""
    category = unicodedata.category(character)
    return category[0] not in "ZC" and not 0xFE00 <= ord(character) <= 0xFE0F


@cache
def _bundled() -> Path:
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@cache
def _of_the_system() -> tuple[Path, ...]:
    from matplotlib.font_manager import findSystemFonts

    return tuple(sorted(map(Path, findSystemFonts()), key=_plainness))


def _plainness(path: Path) -> tuple[bool, bool, str]:
    """What sorts upright sans-serif fonts of usual weight first."""
    name = path.stem.casefold()
    slanted = any(word in name for word in ("bold", "italic", "oblique", "light", "black", "thin"))
    return slanted, "sans" not in name and "gothic" not in name, str(path)


@cache
def _glyphs(path: Path) -> frozenset[int]:
    """The characters that a font can draw at any size; none if it cannot be read."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(str(path))
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError):
        return frozenset()


def written_out(text: str, missing: Iterable[str]) -> str:
    r"""The text with characters that no font has as their numbers: `\\u738b`."""
    return text.translate({ord(one): ascii(one)[1:-1] for one in missing})


def runs(parts: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Each part that a font can draw, with that font."""
    for part in parts:
        path = font_for(part)
        if path is not None and part:
            yield part, path
