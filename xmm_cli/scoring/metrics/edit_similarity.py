"""Edit similarity: how much of the answer is right, letter by letter.

similarity = 1 − Levenshtein(answer, expected) / max(|answer|, |expected|)

after Unicode NFKC and case folding, white space single. 1 is the same text. By rapidfuzz; the
distance is V. Levenshtein's (1966).
"""

from xmm_cli.rows.types import Probe
from xmm_cli.scoring.metric import measured
from xmm_cli.scoring.metrics.token_f1 import plain


def edit_similarity(row: Probe) -> float | None:
    """The formula above; None where nothing was generated freely."""
    if row.answer is None or row.correct is None:
        return None
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(plain(row.answer), plain(row.expected)))


METRIC = measured(edit_similarity, answer="generate")
