"""Edit similarity: how much of the answer is right, letter by letter.

similarity = 1 − Levenshtein(answer, expected) / max(|answer|, |expected|)

after Unicode NFKC and case folding, white space single. 1 is the same text. By rapidfuzz; the
distance is V. Levenshtein's (1966).
"""

from xmm_cli.rows.match import fold
from xmm_cli.scoring.metric import measured


def edit_similarity(answer: str, expected: str) -> float:
    """The formula above for two texts."""
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(fold(answer), fold(expected)))


METRIC = measured(
    "CASE WHEN correct IS NOT NULL THEN edit_similarity(answer, expected) END",
    answer="generate",
    functions={"edit_similarity": edit_similarity},
)
