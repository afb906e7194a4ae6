"""Words of a name that are words of English too, and where such a word stands as a name.

A capital within a sentence makes a name of it, except of a month or season in a date and behind
`a`. At the start of a sentence and in titles, where capitals say nothing, what follows decides: a
verb in the third person, a possessive or the end of the sentence make a name; so does a comma,
except behind an adjective. Before what a person has or wears it is no name (Hazel eyes).
"""

import re
from functools import cache
from importlib.resources import files

_DATED = re.compile(
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|spring|summer|autumn|fall|winter"
)
_BEFORE_A_DATE = re.compile(
    r"\b(?:in|since|until|till|during|last|next|early|late|mid|every|each|this|\d\w*"
    r"|(?:end|start|beginning|middle|month|day|days|evening|morning|\d\w*) of)[\s-]+$",
    re.IGNORECASE,
)
_AFTER_A_DATE = re.compile(r"\s*,?\s*\d|[\s-]+(?:day|morning|evening|night|sun|light)s?\b")
_ARTICLE = re.compile(r"\ban?[\s\"'“‘]+$", re.IGNORECASE)
_WITHIN = re.compile(r"[^\W_][^.!?:\n•*|]*$")
"""What stands before a word that does not begin its sentence."""
_TITLE = re.compile(r"(?!'s)\W{1,2}([^\W\d_])")
_VERBS = (
    "is was has had will would can could may might must does did wore wearing stood standing sat "
    "sitting smiled smiling looked looking held holding carried carrying walked walking posed "
    "posing leaned leaning faced facing appeared seemed gazed gazing laughed laughing ran running "
    "worked lived played spoke said turned came went got grew rose won dressed who whose also "
    "often always never"
)  # fmt: skip
_THINGS = (
    "eyes glasses spectacles sunglasses curls locks bangs braids waves freckles earrings boots "
    "shoes sneakers sandals trousers pants jeans shorts leggings overalls suspenders clothes "
    "robes lips brows eyebrows lashes eyelashes cheeks teeth features hands arms legs shoulders "
    "fingers nails gloves mittens socks sleeves buttons stripes dots tones shades colors colours "
    "hues highlights streaks roots strands tresses petals flowers leaves branches trees skies "
    "clouds days nights lights shadows beads pearls frames lenses walls tiles curtains dress hair "
    "skin face nose beard moustache mustache coat hat cap shirt jacket sweater pullover hoodie "
    "cardigan blouse vest suit skirt scarf tie bow top man woman person boy girl lady gentleman "
    "adult background"
)
_THING = re.compile(rf"[\s-]+(?:{_THINGS.replace(' ', '|')})\b")
_FOLLOWED = re.compile(
    rf"['’]s\b|['’](?=\s)|\s+(?:{_VERBS.replace(' ', '|')})\b"
    r"|\s+(?!(?:its|his|this|as|us|always|across)\b)[a-z]{2,}s\b"
    r"|\s+(?:in|with|and)\s+(?:his|her|their)\b|\s+(?:in|with)\s+an?\b"
)
_ADJECTIVE = re.compile(
    "black|blond|blonde|blue|bright|brown|curly|dark|dusty|fair|fine|gold|golden|gray|green|grey|high"
    "|keen|large|light|little|long|low|neat|new|old|orange|pale|petite|pink|plump|pretty|purple|red"
    "|rich|rosy|rusty|sandy|sharp|short|silver|slim|small|smart|soft|stout|strong|tall|thin|white"
    "|wide|wise|yellow|young"
)
_ENDED = re.compile(r"\s*[.!?)\"”]|\s*$")
_LABELLED = re.compile(r"(?<!name)\s*[:*|•-]\s*$", re.IGNORECASE)
"""`Hair: `, behind which stands what is said of the hair."""
_NOT_ALONE = re.compile(
    "an?|and|any|as|at|be|by|em|en|he|her|him|his|i|if|in|is|it|la|le|me|my|no|of|on|or|she|so|the"
    "|to|up|us|we"
)
"""Never a name at the start of a sentence."""


@cache
def _words() -> frozenset[str]:
    path = files("xmm_cli.personas") / "data" / "common_words.txt"
    return frozenset(path.read_text("utf-8").split())


def is_common(word: str) -> bool:
    """Whether a folded word is one of English."""
    return word in _words()


def is_a_name(text: str, start: int, end: int) -> bool:
    """Whether the common word at this place of a text is meant as a name."""
    word, before, after = text[start:end], text[:start], text[end:]
    if not word[0].isupper() or (word.isupper() and text.isupper() and len(word) > 1):
        return False
    if _ARTICLE.search(before):
        return False
    dated = _BEFORE_A_DATE.search(before) or _AFTER_A_DATE.match(after)
    if dated and _DATED.fullmatch(word.casefold()):
        return False
    if _THING.match(after):
        return False
    if _WITHIN.search(before) and not _goes_on_in_capitals(after):
        return True
    if _NOT_ALONE.fullmatch(word.casefold()):
        return False
    if _ENDED.match(after):
        return not _LABELLED.search(before)
    apart = after.startswith(",") and not _ADJECTIVE.fullmatch(word.casefold())
    return apart or bool(_FOLLOWED.match(after))


def _goes_on_in_capitals(after: str) -> bool:
    """Whether the next word has a capital, as in a title."""
    following = _TITLE.match(after)
    return following is not None and following[1].isupper()
