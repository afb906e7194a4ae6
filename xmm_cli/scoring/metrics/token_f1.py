"""Token F1: how many words of the answer are right.

F1 = 2 · common / (words of the answer + words expected), common counted with repetition

after Unicode NFKC and case folding, words being runs of letters and digits. Source: Rajpurkar et
al., SQuAD, 2016 (arXiv 1606.05250); by rapidfuzz, whose Indel similarity of two sorted lists of
words is that count.
"""

import re
import unicodedata

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured

WORD = re.compile(r"\w+")


def plain(text: str) -> str:
    """NFKC, case folded, white space single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def token_f1(row: Probe) -> float | None:
    """The formula above; None where nothing was generated freely."""
    if row.answer is None or row.correct is None:
        return None
    from rapidfuzz.distance import Indel

    told, expected = (sorted(WORD.findall(plain(one))) for one in (row.answer, row.expected))
    if not told and not expected:
        return float(row.answer == row.expected)
    return float(Indel.normalized_similarity(told, expected))


METRIC = measured(token_f1, answer="generate")
