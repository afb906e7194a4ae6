"""How often an interval of 95 % holds the truth, for simulated persons.

Persons' own recalls are beta-distributed, each is asked on four views. Measured with 300 samples a
line (999 resamples; E: persons that must differ from 0 and from 1 before a bootstrap is trusted):

    persons  recalls of the cells (gap)  spread   E = 1        E = 3        E = 5
    10       0.85, 0.8                   0.5      0.88, 0.91   0.98, 0.98   0.98, 0.99
    20       0.85, 0.8                   0.5      0.94, 0.92   0.96, 0.94   0.99, 0.97
    10       0.95, 0.5                   0.3      1.00, 0.94   1.00, 0.96   1.00, 0.96
    20       0.9, 0.1                    0.3      0.93, 0.97   0.98, 0.99   0.99, 0.99
    50       0.9, 0.1                    0.3      0.96, 0.93   0.96, 0.93   0.96, 0.93

(each pair: coverage for the first cell's recall, and for the gap). With 1 the interval misses the
truth too often where persons are few; 5 makes it 10 to 20 % wider for little: so 3. The choice was
made among 1, 3, 5 and 8 on these simulations (a coverage has a standard error of some 0.013), and
the test below draws new samples of the same kind: it guards the choice, it does not confirm it.
"""

from random import Random

import pytest

from xmm_cli.scoring import score_rows

from .people import pick, study

CASES = [
    (10, 0.95, 0.5),
    (20, 0.9, 0.1),
    (20, 1.0, 0.5),
    (20, 0.85, 0.8),
    (50, 0.9, 0.1),
    (50, 0.98, 0.03),
]


@pytest.mark.slow
@pytest.mark.parametrize(("persons", "same", "cross"), CASES)
def test_intervals_hold_the_truth_about_as_often_as_they_say(persons, same, cross):
    samples, random = 300, Random(0)
    truths = {
        ("recall", "image", "image"): same,
        ("recall", "image", "text"): cross,
        ("transfer_gap", "image", "text"): same - cross,
        ("transfer_ratio", "image", "text"): cross / same,
    }
    hits = dict.fromkeys(truths, 0)
    for _ in range(samples):
        recalls = {("image", "image"): same, ("image", "text"): cross}
        rows = study(persons, recalls=recalls, seed=random.random(), spread=0.3)
        scores = score_rows(rows, resamples=999).rows
        for (metric, source, modality), truth in truths.items():
            row = pick(scores, metric, source, modality)
            hits[metric, source, modality] += row.low - 1e-9 <= truth <= row.high + 1e-9
    for what, number in hits.items():
        assert number / samples >= 0.91, (what, number / samples)
