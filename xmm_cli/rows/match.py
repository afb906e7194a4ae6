"""When an answer counts as the expected one."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1 << 14)
def normalise(answer: str) -> str:
    """Unicode NFKC, case folded, white space single, punctuation at both ends dropped."""
    folded = " ".join(unicodedata.normalize("NFKC", answer).casefold().split())
    inner = [i for i, character in enumerate(folded) if not _is_outer(character)]
    return folded[inner[0] : inner[-1] + 1] if inner else ""


def _is_outer(character: str) -> bool:
    """Punctuation, a symbol, a separator or a control; a mark belongs to the letter before it."""
    return unicodedata.category(character)[0] in "PSZC"


def exact_match(answer: str, expected: str) -> bool:
    """Whether both are the same once normalised; an empty answer matches nothing."""
    return bool(normalise(answer)) and normalise(answer) == normalise(expected)
