"""Token F1: how many words of the answer are right.

F1 = 2 · common / (words of the answer + words expected), common counted with repetition

after `rows.match.fold`, words being runs of letters and digits. Source: Rajpurkar et
al., SQuAD, 2016 (arXiv 1606.05250); by rapidfuzz, whose Indel similarity of two sorted lists of
words is that count.
"""

import re

from xmm_cli.rows.match import fold
from xmm_cli.scoring.metric import measured

WORD = re.compile(r"\w+")


def token_f1(answer: str, expected: str) -> float:
    """The formula above for two texts."""
    from rapidfuzz.distance import Indel

    words, others = (sorted(WORD.findall(fold(text))) for text in (answer, expected))
    if not words and not others:
        return float(answer == expected)
    return float(Indel.normalized_similarity(words, others))


METRIC = measured(
    "CASE WHEN correct IS NOT NULL THEN token_f1(answer, expected) END",
    answer="generate",
    functions={"token_f1": token_f1},
)
