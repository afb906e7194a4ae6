"""When an answer counts as the expected one."""

import re
import unicodedata

_OUTER = re.compile(r"^\W+|\W+$")


def normalise(answer: str) -> str:
    """Unicode NFKC, case folded, white space single, punctuation at both ends dropped."""
    folded = unicodedata.normalize("NFKC", answer).casefold()
    return _OUTER.sub("", " ".join(folded.split()))


def exact_match(answer: str, expected: str) -> bool:
    """Whether both are the same once normalised; an empty answer matches nothing."""
    return bool(normalise(answer)) and normalise(answer) == normalise(expected)
