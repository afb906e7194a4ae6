"""Each metric by hand, on few persons, so that each number can be checked by head."""

import pytest

from .engine import score_rows
from .people import cell, pick, probe, ranked

SAME = [1.0] * 6 + [0.5, 0.5, 0.5, 0.5]  # mean 0.8
CROSS = [0.5] * 8 + [0.0, 0.0]  # mean 0.4
BACK = [0.25] * 8 + [0.0, 0.0]  # mean 0.2
GUESS = [0.25] * 4 + [0.0] * 6  # mean 0.1


def full():
    return [
        *cell("image", "image", SAME),
        *cell("image", "text", CROSS),
        *cell("text", "text", SAME),
        *cell("text", "image", BACK),
    ]


def scored(rows, **options):
    return score_rows(rows, resamples=500, **options).rows


def test_recall_is_the_mean_over_persons_of_their_views():
    row = pick(scored(full()), "recall", "image", "text")
    assert row.value == pytest.approx(0.4)
    assert (row.n, row.personas, row.level) == (40, 10, 0.95)


def test_a_person_with_more_views_weighs_no_more():
    rows = [*cell("text", "text", [1.0], views=8), probe(persona="other", view=0)]
    assert pick(scored(rows), "recall", "text", "text").value == 0.5


def test_without_the_base_chance_is_zero_and_the_method_says_so():
    rows = scored(full())
    assert pick(rows, "chance", "image", "text").value == 0
    memory = pick(rows, "memory", "image", "text")
    assert memory.value == pytest.approx(0.4)
    assert "chance taken as 0" in memory.method


def test_memory_corrects_for_the_recall_of_the_base():
    rows = scored(full() + cell(None, "text", GUESS))
    assert pick(rows, "chance", "image", "text").value == pytest.approx(0.1)
    assert pick(rows, "memory", "image", "text").value == pytest.approx((0.4 - 0.1) / 0.9)
    assert pick(rows, "recall", None, "text").value == pytest.approx(0.1)
    assert "chance taken as 0" in pick(rows, "memory", "text", "image").method


def test_chance_of_a_rank_is_one_of_n():
    rows = scored(ranked("text", "text", SAME, candidates=16))
    chance = pick(rows, "chance", "text", "text", "rank")
    assert (chance.value, chance.low, chance.method) == (1 / 16, None, "chance 1/16")
    memory = pick(rows, "memory", "text", "text", "rank")
    assert memory.value == pytest.approx((0.8 - 1 / 16) / (15 / 16))


def test_chance_of_ranks_among_different_numbers_is_the_mean():
    rows = [
        probe(view=0, correct=None, rank=1, candidates=4),
        probe(view=1, correct=None, rank=2, candidates=8),
    ]
    chance = pick(scored(rows), "chance", "text", "text", "rank")
    assert chance.value == pytest.approx((1 / 4 + 1 / 8) / 2)
    assert "N from 4 to 8" in chance.method


def test_no_memory_where_the_number_of_candidates_is_unknown():
    rows = scored([probe(correct=None, rank=1)])
    memory = pick(rows, "memory", "text", "text", "rank")
    assert memory.value is None
    assert "candidates is unknown" in memory.method
    assert pick(rows, "recall", "text", "text", "rank").value == 1


def test_no_memory_where_guessing_earns_all():
    rows = cell("text", "text", [1.0] * 9) + cell(None, "text", [1.0] * 9)
    memory = pick(scored(rows), "memory", "text", "text")
    assert memory.value is None
    assert memory.method.startswith("none: guessing earns 1.00")


def test_transfer_gap_by_target_modality():
    rows = scored(full())
    gap = pick(rows, "transfer_gap", "image", "text")
    assert gap.value == pytest.approx(0.4)
    assert gap.low > 0
    assert "interval above zero" in gap.method
    assert pick(rows, "transfer_gap", "text", "image").value == pytest.approx(0.6)


def test_transfer_gap_is_paired_and_names_who_is_left_out():
    rows = cell("image", "image", SAME) + cell("image", "text", CROSS[:8])
    gap = pick(scored(rows), "transfer_gap", "image", "text")
    assert gap.value == pytest.approx(sum(SAME[:8]) / 8 - 0.5)
    assert gap.personas == 8
    assert "2 persons left out" in gap.method


def test_transfer_gap_of_equal_cells_includes_zero():
    rows = cell("image", "image", SAME) + cell("image", "text", SAME[::-1])
    gap = pick(scored(rows), "transfer_gap", "image", "text")
    assert gap.value == 0
    assert "interval includes zero" in gap.method


def test_no_value_where_no_person_is_in_both_cells():
    rows = [*cell("image", "image", [1.0]), probe(source="image", persona="other")]
    gap = pick(scored(rows), "transfer_gap", "image", "text")
    assert (gap.value, gap.n) == (None, 0)
    assert gap.method.startswith("none: no person")


def test_transfer_ratio():
    rows = scored(full())
    assert pick(rows, "transfer_ratio", "image", "text").value == pytest.approx(0.5)
    assert pick(rows, "transfer_ratio", "text", "image").value == pytest.approx(0.25)


def test_transfer_ratio_of_corrected_memories():
    rows = scored(full() + cell(None, "text", GUESS) + cell(None, "image", GUESS))
    ratio = pick(rows, "transfer_ratio", "image", "text")
    assert ratio.value == pytest.approx(0.3 / 0.7)


def test_no_ratio_over_what_was_not_learned():
    rows = cell("text", "text", [0.25] + [0.0] * 9) + cell("text", "image", BACK)
    ratio = pick(scored(rows), "transfer_ratio", "text", "image")
    assert (ratio.value, ratio.low, ratio.high) == (None, None, None)
    assert ratio.method.startswith("none: memory text→text is only 0.03")


def test_no_ratio_over_a_memory_that_may_be_zero():
    guess = [0.5, 0.0] * 5
    rows = cell("text", "text", [0.75, 0.0] * 5) + cell("text", "image", BACK)
    rows += cell(None, "text", guess[::-1])
    ratio = pick(scored(rows), "transfer_ratio", "text", "image")
    assert ratio.value is None
    assert "may be 0" in ratio.method


def test_asymmetry_and_cross_modal_score():
    rows = scored(full())
    assert pick(rows, "asymmetry").value == pytest.approx(0.5 - 0.25)
    assert pick(rows, "cross_modal_score").value == pytest.approx((0.5 * 0.25) ** 0.5)


def test_a_ratio_below_zero_counts_as_zero_in_the_score():
    rows = [
        *ranked("image", "image", SAME),
        *ranked("image", "text", [0.0] * 10),
        *ranked("text", "text", SAME),
        *ranked("text", "image", BACK),
    ]
    rows = scored(rows)
    assert pick(rows, "transfer_ratio", "image", "text", "rank").value < 0
    assert pick(rows, "cross_modal_score", answer="rank").value == 0


def test_learned_from_both_has_recall_and_memory_but_no_gap():
    rows = scored(cell("both", "text", SAME) + cell("both", "image", SAME))
    assert {row.metric for row in rows} == {"recall", "chance", "memory"}


def test_all_right_has_an_exact_interval():
    row = pick(scored(cell("text", "text", [1.0] * 20)), "recall", "text", "text")
    assert (row.value, row.high) == (1, 1)
    assert row.low == pytest.approx(0.025 ** (1 / 20), abs=1e-6)
    assert "Clopper-Pearson" in row.method


def test_all_lost_has_a_gap_with_an_interval_from_both_parts():
    rows = cell("text", "text", [1.0] * 20) + cell("text", "image", [0.0] * 20)
    gap = pick(scored(rows), "transfer_gap", "text", "image")
    low = 1 - (2**0.5) * (1 - 0.025 ** (1 / 20))
    assert (gap.value, gap.high) == (1, 1)
    assert gap.low == pytest.approx(low, abs=1e-6)
    assert "MOVER" in gap.method


def test_few_persons_are_named():
    row = pick(scored(cell("text", "text", SAME[:7])), "recall", "text", "text")
    assert "few persons (7)" in row.method
