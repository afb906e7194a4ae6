"""The metrics that are scored when they are named, by hand."""

from math import log, log10

import msgspec
import numpy as np
import pytest

from xmm_cli.errors import WrongUsage
from xmm_cli.rows.types import MODALITIES
from xmm_cli.scoring.metrics import DEFAULT, METRICS
from xmm_cli.scoring.metrics.detectable_gap import smallest_gap
from xmm_cli.scoring.metrics.edit_similarity import edit_similarity
from xmm_cli.scoring.metrics.token_f1 import token_f1

from .engine import measured, score_rows
from .people import cell, pick, probe, ranked, study


def scored(rows, *metrics, **options):
    return score_rows(rows, resamples=200, metrics=metrics, **options)


@pytest.mark.parametrize(
    ("answer", "by_letter", "by_word"),
    [
        ("ADA  byron", 1, 1),
        ("Ada Byronn", 0.9, 0.5),
        ("Byron Ada", 1 - 8 / 9, 1),
        ("Ada", 1 - 6 / 9, 2 / 3),
        ("ada ada ada byron", 1 - 8 / 17, 2 * 2 / 6),
        ("", 0, 0),
    ],
)
def test_similarity_of_answers(answer, by_letter, by_word):
    assert edit_similarity(answer, "Ada Byron") == pytest.approx(by_letter)
    assert token_f1(answer, "Ada Byron") == pytest.approx(by_word)
    row = probe(answer=answer, expected="Ada Byron")
    assert measured(row, "edit_similarity") == pytest.approx(by_letter)
    assert measured(row, "token_f1") == pytest.approx(by_word)


def test_an_answer_begun_for_the_model_is_not_compared():
    row = probe(answer="Ada Byron", correct=None, prefix="Ada", extracted=True)
    assert measured(row, "edit_similarity") is None
    assert measured(row, "token_f1") is None


def test_exposure_in_bits():
    assert measured(probe(rank=1, candidates=32), "exposure") == 5
    assert measured(probe(rank=32, candidates=32), "exposure") == 0
    assert measured(probe(rank=4, candidates=32), "exposure") == 3
    assert measured(probe(rank=1), "exposure") is None


def test_min_k_is_the_mean_of_the_least_likely_fifth():
    assert measured(probe(token_logprobs=(-1.0, -5.0, -2.0)), "min_k") == -5
    assert measured(probe(token_logprobs=(-1.0, -5.0, -3.0, -0.5, -0.1, -2.0)), "min_k") == -4
    assert measured(probe(), "min_k") is None


def test_truth_ratio():
    row = probe(token_logprobs=(log(0.5), log(0.125)), wrong_logprob=log(0.025))
    assert measured(row, "truth_ratio") == pytest.approx(log10(0.025 / 0.25))
    assert measured(probe(token_logprobs=(-1.0,)), "truth_ratio") is None


def test_measures_are_means_over_persons():
    rows = [
        probe(persona=f"p{person}", view=view, correct=None, rank=rank, candidates=8, logprob=-rank)
        for person, ranks in enumerate(([1, 1, 1], [2], [4], [1], [8]))
        for view, rank in enumerate(ranks)
    ]
    result = scored(rows, "rank", "mrr", "exposure", "logprob")
    values = {
        row.metric: row.value for row in result.rows if (row.source, row.answer) == ("text", "rank")
    }
    assert values["mean_rank"] == pytest.approx((1 + 2 + 4 + 1 + 8) / 5)
    assert values["mean_reciprocal_rank"] == pytest.approx((1 + 1 / 2 + 1 / 4 + 1 + 1 / 8) / 5)
    assert values["exposure"] == pytest.approx((3 + 2 + 1 + 3 + 0) / 5)
    assert values["logprob"] == pytest.approx(-(1 + 2 + 4 + 1 + 8) / 5)
    assert len(result.rows) == 4


def test_the_last_value_of_a_measure_counts():
    rows = [probe(rank=1, logprob=-1.0), probe(rank=1, logprob=-2.0)]
    assert pick(scored(rows, "logprob").rows, "logprob", "text", "text", "rank").value == -2


def test_extraction_beside_free_answers():
    rows = cell("text", "text", [1.0, 0.0, 0.5, 0.5])
    rows += [
        probe(persona=f"p{person}", view=view, correct=None, prefix="A", extracted=person > 0)
        for person in range(4)
        for view in range(4)
    ]
    result = scored(rows, "extraction", "exact_match")
    assert pick(result.rows, "extraction", "text", "text").value == 0.75
    assert pick(result.rows, "recall", "text", "text").value == 0.5


def hops(persona, named, fact, both, view=0):
    common = {"persona": persona, "source": "text", "condition": {"facts": True}}
    return [
        probe(task="name", view=view, correct=named, **common),
        probe(task="fact", question="Ada's city?", expected="Rome", correct=fact, **common),
        probe(
            task="fact",
            hops=2,
            view=view,
            question="City?",
            expected="Rome",
            correct=both,
            **common,
        ),
    ]


def test_the_compositional_gap_is_over_questions_whose_hops_are_known():
    rows = hops("p0", True, True, False) + hops("p0", True, True, True, view=1)
    rows += hops("p1", True, True, False) + hops("p2", False, True, False)
    rows += hops("p3", True, False, True)
    row = pick(scored(rows, "compositional_gap").rows, "compositional_gap", "text", "text")
    assert (row.value, row.personas, row.n) == (0.75, 2, 3)


def test_a_fact_asked_by_name_in_several_ways_is_known_if_half_are_right():
    rows = [row for number in range(8) for row in hops(f"p{number}", True, True, True)]
    (asked,) = [row for row in rows if row.persona == "p0" and row.task == "fact" and row.hops == 1]
    for answers, questions in (((True, False), 8), ((False, False, True), 7)):
        ways = [
            msgspec.structs.replace(asked, question=f"way {way}", correct=correct)
            for way, correct in enumerate(answers)
        ]
        rest = [row for row in rows if row is not asked]
        found = [
            pick(scored(order, "compositional_gap").rows, "compositional_gap", "text", "text").n
            for order in (rest + ways, ways[::-1] + rest, rest + ways + ways)
        ]
        assert found == [questions] * 3


def unlearned(objective, ratios, through="image", set="forget", **fields):
    labels = {"objective": objective, "through": through, "steps": 8, "views": 4}
    return [
        probe(
            source="both",
            checkpoint=f"runs/{objective}",
            persona=f"p{person}",
            set=set,
            correct=None,
            rank=2,
            candidates=8,
            token_logprobs=(-1.0,),
            wrong_logprob=-1.0 + ratio,
            condition=labels,
            **fields,
        )
        for person, ratio in enumerate(ratios)
    ]


def test_forget_quality_is_the_ks_test_against_the_retrained_model():
    from scipy.stats import ks_2samp

    one, two = [0.1, 0.5, 0.9, 1.4, 2.0, 2.2], [1.0, 1.1, 1.2, 1.3, 1.35, 3.0]
    rows = unlearned("npo", one) + unlearned("retrain", two, through="both")
    result = scored(rows, "forget_quality")
    (row,) = [row for row in result.rows if row.metric == "forget_quality"]
    assert row.condition["objective"] == "npo"
    assert row.value == pytest.approx(ks_2samp(one, two).pvalue)
    assert scored(unlearned("npo", one), "forget_quality").rows == []


def test_membership_is_the_auc_against_strangers():
    def asked(role, values):
        return [
            probe(role=role, persona=f"{role}{n}", rank=1, token_logprobs=(value,))
            for n, value in enumerate(values)
        ]

    rows = asked("eval", [-1, -2, -3, -4]) + asked("aux", [-2.5, -3.5, -5, -6])
    for by in (None, []):
        result = scored(rows, "membership", "recall", by=by)
        row = pick(result.rows, "membership", "text", "text", "rank")
        assert row.value == pytest.approx((4 + 4 + 3 + 2) / 16)
        assert row.low <= row.value <= row.high
        recall = pick(result.rows, "recall", "text", "text", "generate")
        assert recall.personas == 4


def test_the_leak_is_the_other_modality_of_the_forget_set():
    def of(modality, shares, set):
        labels = {"objective": "npo", "through": "image", "steps": 8}
        return cell("both", modality, shares, set=set, condition=labels)

    rows = of("image", [0.0] * 4, "forget") + of("text", [0.5] * 4, "forget")
    rows += of("text", [1.0] * 4, "retain")
    leaks = [row for row in score_rows(rows, resamples=200).rows if row.metric == "leak"]
    assert [(row.modality, row.set, row.value) for row in leaks] == [("text", "forget", 0.5)]


@pytest.mark.parametrize("persons", [20, 100, 400])
def test_the_detectable_gap_is_that_of_the_paired_t_test(persons):
    from statsmodels.stats.power import TTestPower

    differences = np.random.default_rng(persons).normal(0.2, 0.5, persons)
    gap, _ = smallest_gap(differences, 0.95)
    expected = TTestPower().solve_power(nobs=persons, alpha=0.05, power=0.8)
    assert gap == pytest.approx(expected * differences.std(ddof=1), rel=0.06)


def test_the_detectable_gap_of_a_hundred_persons_is_fifteen_points():
    gap, words = smallest_gap(np.zeros(100), 0.95)
    assert gap == pytest.approx(0.15, abs=0.005)
    assert "discordance taken as 0.30" in words
    assert smallest_gap(np.zeros(3), 0.95)[0] is None


def test_the_detectable_gap_is_on_the_scale_of_the_gap():
    """With a quarter right by guessing, a point of recall is 4/3 of a point of memory."""
    rows = ranked("text", "text", [1.0] * 20, candidates=4)
    rows += ranked("text", "image", [0.25, 0.75] * 10, candidates=4)
    found = scored(rows, "detectable_gap", "transfer_gap").rows
    gap = pick(found, "detectable_gap", "text", "image", answer="rank")
    plain, _ = smallest_gap(np.tile([0.75, 0.25], 10), 0.95)
    assert gap.value == pytest.approx(plain * 4 / 3)
    alike = rows[:80] + ranked("text", "image", [1.0] * 20, candidates=4)
    gap = pick(scored(alike, "detectable_gap").rows, "detectable_gap", "text", "image",
               answer="rank")  # fmt: skip
    assert gap.value == pytest.approx(smallest_gap(np.zeros(20), 0.95)[0] * 4 / 3)


@pytest.mark.slow
@pytest.mark.parametrize(("persons", "views"), [(100, 1), (32, 4), (100, 4)])
def test_the_detectable_gap_is_seen_four_times_in_five(persons, views):
    """By the interval that `report` calls clear.

    Measured with 1,000 samples of persons with the spread that is assumed: 0.78 at 100 persons and
    one view (gap 15 points, discordance 0.30), with four views 0.75 at 32 persons and 0.77 at 100.
    """
    from xmm_cli.scoring.intervals import bca, jackknife_means, resampled_means

    random = np.random.default_rng(persons + views)
    gap, discordance, seen, samples = None, 0.30, 0, 400
    for _ in range(samples):
        if views == 1:
            gap = smallest_gap(np.zeros(persons), 0.95)[0]
            less = (discordance - gap) / 2
            difference = random.choice([1, -1, 0], persons, p=[less + gap, less, 1 - discordance])
        else:
            own = random.beta(1.2, 1.2, persons)
            noise = random.binomial(views, own) - random.binomial(views, own)
            gap = gap or smallest_gap(noise / views, 0.95)[0]
            difference = noise / views + gap
        column = difference[:, None].astype(float)
        drawn = resampled_means(column, 999, 0)[:, 0]
        found = bca(float(column.mean()), drawn, jackknife_means(column)[:, 0], 0.95)
        seen += found is not None and found.low > 0
    assert 0.72 <= seen / samples <= 0.88, seen / samples


def test_all_metrics_have_one_file_each_and_unknown_ones_are_refused():
    for name in METRICS.names():
        assert METRICS.load(name) is not None
    result = scored(study(), "all")
    assert {row.metric for row in result.rows} >= {*DEFAULT} - {"leak"}
    assert {"exposure", "mean_rank", "mean_reciprocal_rank"} <= {row.metric for row in result.rows}
    with pytest.raises(WrongUsage, match=r"unknown metric 'exposur'; did you mean exposure"):
        scored([], "exposur")


def test_a_metric_without_its_rows_is_said():
    result = scored(study(), "min_k")
    assert result.rows == []
    assert any("no rows have what the metric min_k needs" in note for note in result.notes)


def test_few_persons_are_warned_about():
    notes = score_rows(study(persons=12), resamples=200).notes
    assert any("persons show a gap of" in note for note in notes)
    many = score_rows(study(persons=200), resamples=200).notes
    assert not any("persons show a gap of" in note for note in many)


def test_scores_name_modalities_that_exist():
    for row in scored(study(), "all").rows:
        assert row.modality in (None, *MODALITIES)
