"""Numbers and names as they are shown."""

import pytest

from xmm_cli.reporting import render, words
from xmm_cli.reporting.blocks import blocks_of
from xmm_cli.reporting.metric_lines import metric_lines

from .scores import absent, score


@pytest.mark.parametrize(
    ("value", "ends", "text"),
    [
        (0.974, (0.93, 0.99), "97 % [93–99]"),
        (0.0, (0.0, 0.17), "0 % [0–17]"),
        (1.0, (0.83, 1.0), "100 % [83–100]"),
        (0.995, (0.92, 1.0), "99.5 % [92–100]"),
        (0.004, (0.0, 0.02), "0.4 % [0–2]"),
        (0.01, (-0.034, 0.5), "1 % [−3 to 50]"),
        (-0.001, (-0.004, 0.004), "0 % [0–0]"),
        (0.03125, None, "3 %"),
        (None, None, "–"),
    ],
)
def test_percent(value, ends, text):
    assert words.percent(score(value=value, ends=ends)) == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [((0.01, 0.2), "clear"), ((-0.3, -0.1), "clear"), ((0.0, 0.2), "not clear"), (None, "")],
)
def test_verdict(ends, text):
    assert words.verdict(score(ends=ends)) == text


def test_sentences():
    rows = [
        score("transfer_gap", "image", "text", 0.5, (0.3, 0.6)),
        score("transfer_gap", "text", "image", -0.5, (-0.6, -0.3)),
        score("transfer_ratio", "image", "text", 0.56, (0.48, 0.64)),
        score("asymmetry", None, None, -0.2, (-0.3, -0.1)),
    ]
    assert [line.sentence for line in metric_lines(rows)] == [
        "Asked with a description instead of an image, less is recalled.",
        "Asked with an image instead of a description, more is recalled.",
        "Of what images taught, 56 % [48–64] can be recalled from a description.",
        "What descriptions teach carries over better than what images teach.",
    ]


def test_a_reason_is_given_once_for_all_that_it_takes_away():
    (block,) = blocks_of([absent("transfer_ratio", "image", "text"), absent("asymmetry")])
    assert block.panels[0].notes == [
        "No transfer ratio image → text, asymmetry: memory image→image is only 0.04."
    ]


def test_candidates_are_named_where_they_are_one_number():
    chance = {"metric": "chance", "answer": "rank", "ends": None}
    one = [score(value=1 / 32, **chance)]
    two = [*one, score(value=1 / 16, modality="image", **chance)]
    assert blocks_of(one)[0].panels[0].title == "Ranked first among 32 names"
    assert blocks_of(two)[0].panels[0].title == "Ranked first among several names"


def test_labels_that_look_alike_make_two_blocks():
    assert len(blocks_of([score(condition={"a": 1}), score(condition={"a": True})])) == 2


def test_what_is_left_and_what_has_changed_are_told_in_hundredths():
    left, changed = metric_lines(
        [
            score("leak", "both", "text", 0.3125, (0.125, 0.625)),
            score("recall_difference", "text", "image", -0.25, (-0.5, -0.125)),
        ]
    )
    assert (left.value, left.verdict) == ("31 % [12–62]", "clear")
    assert left.sentence == (
        "Asked with a description, 31 % [12–62] of the forget set is still known."
    )
    assert (changed.value, changed.verdict) == ("−25 points [−50 to −12]", "clear")


def test_of_several_comparisons_holms_p_decides():
    rows = [
        score("recall_difference", "text", "image", 0.2, (0.01, 0.4), p=0.03, p_holm=0.36),
        score("recall_difference", "text", "text", 0.2, (0.1, 0.4), p=0.01, p_holm=0.00001),
        score("recall_difference", "image", "text", 0.2, (0.1, 0.4)),
    ]
    told = {(one.direction, one.judged) for one in metric_lines(rows)}
    assert told == {
        ("text → image", "not clear, p (Holm) 0.36"),
        ("text → text", "clear, p (Holm) < 0.0001"),
        ("image → text", "clear"),
    }
    for format in ("table", "markdown", "html", "latex"):
        text = render(rows, format, width=80, colour=False)
        assert "p (Holm) 0.36" in text
        assert "p is below 0.05" in text
        assert "Holm" not in render(rows[2:], format, width=80, colour=False)
    table = render(rows, "table", width=80, colour=False)
    assert max(len(line) for line in table.splitlines()) <= 80


def test_scores_of_two_runs_do_not_cover_each_other():
    rows = [score(value=0.5, run="one"), score(value=0.25, run="two"), score(value=0.75)]
    assert [(block.title, block.panels[0].grid[0][1][1].recall) for block in blocks_of(rows)] == [
        ("Task: name · held-out views · run one", "50 % [40–60]"),
        ("Task: name · held-out views · run two", "25 % [40–60]"),
        ("Task: name · held-out views · scored here", "75 % [40–60]"),
    ]
    apart = [score(value=0.5, run="one"), score(modality="image", value=0.25, run="two")]
    (block,) = blocks_of(apart)
    assert block.title == "Task: name · held-out views"


def test_the_smallest_gap_that_could_be_seen_is_said():
    power = {"ends": None, "method": "80 % power at a level of 0.95, paired by person"}
    rows = [
        score("transfer_gap", "image", "text", 0.5, (0.3, 0.6)),
        score("detectable_gap", "image", "text", 0.148, **power),
        score("detectable_gap", "text", "image", 0.152, **power),
    ]
    said = "Smallest gap that 20 persons show at 80 % power: 15 points."
    for format in ("table", "markdown", "html"):
        text = render(rows, format, width=80, colour=False)
        assert said in text
        assert "detectable" not in text
    rows[2] = score("detectable_gap", "text", "image", 0.3, **power)
    (block,) = blocks_of(rows)
    assert block.panels[0].said[-1] == (
        "Smallest gap that 20 persons show at 80 % power: 15 points image → text, "
        "30 points text → image."
    )
