"""Token F1: how many words of the answer are right.

F1 = 2 · common / (words of the answer + words expected), common counted with repetition

after Unicode NFKC and case folding, words being runs of letters and digits. Source: Rajpurkar et
al., SQuAD, 2016 (arXiv 1606.05250); by rapidfuzz, whose Indel similarity of two sorted lists of
words is that count.
"""

import re
import unicodedata

from xmm_cli.scoring.metric import measured

WORD = re.compile(r"\w+")


def plain(text: str) -> str:
    """NFKC, case folded, white space single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def token_f1(answer: str, expected: str) -> float:
    """The formula above for two texts."""
    from rapidfuzz.distance import Indel

    words, others = (sorted(WORD.findall(plain(text))) for text in (answer, expected))
    if not words and not others:
        return float(answer == expected)
    return float(Indel.normalized_similarity(words, others))


METRIC = measured(
    "CASE WHEN correct IS NOT NULL THEN token_f1(answer, expected) END",
    answer="generate",
    functions={"token_f1": token_f1},
)
