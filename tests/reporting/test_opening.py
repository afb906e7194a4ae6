"""What a report opens with: sentences that rows and intervals support, and no others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.reporting import render
from xmm_cli.reporting.opening import opening

from .scores import score, study, study_ranked

THROUGH = {"objective": "idk", "through": "image"}


def said(*rows):
    return opening(rows).sentences


def unlearned(*, picture=(0.0, (0.0, 0.37)), text=(0.83, (0.42, 0.99)), leak=(0.42, 0.99)):
    """Of a forget set, a retain set, and of everyone before."""
    both = {"source": "both"}
    after = {"condition": THROUGH} | both
    return [
        score(modality="image", value=1.0, ends=(0.86, 1.0), personas=24, **both),
        score(modality="text", value=0.98, ends=(0.83, 1.0), personas=24, **both),
        score(modality="image", value=picture[0], ends=picture[1], set="forget", **after),
        score(modality="text", value=text[0], ends=text[1], set="forget", **after),
        score("leak", modality="text", value=text[0], ends=leak, set="forget", **after),
        score(modality="image", value=1.0, ends=(0.79, 1.0), set="retain", **after),
        score(modality="text", value=0.98, ends=(0.77, 1.0), set="retain", **after),
    ]


def test_what_was_learned_and_what_crosses():
    assert said(*study()) == [
        "Learned from pictures, named from 99 % of pictures and 45 % of descriptions: a gap of "
        "56 points.",
        "Learned from descriptions, named from 88 % of descriptions and 24 % of pictures: a gap of "
        "63 points.",
    ]


def test_ranks_are_told_where_nothing_was_generated():
    (sentence,) = said(*study_ranked())
    assert sentence == "Learned from descriptions, name ranked first for 100 % of descriptions."
    assert said(*study(), *study_ranked()) == said(*study())


def test_what_is_not_clear_is_not_told_as_if_it_were():
    rows = [one for one in study() if one.source == "image"]
    gap = score("transfer_gap", "image", "text", 0.1, (-0.1, 0.3), condition=rows[0].condition)
    (sentence,) = said(*[one for one in rows if one.metric != "transfer_gap"], gap)
    assert sentence.endswith(": not clear that there is a gap.")
    memory = score("memory", "image", "image", 0.04, (-0.1, 0.3), condition=rows[0].condition)
    (sentence,) = said(*[one for one in rows if one.metric != "memory"], memory)
    assert sentence.endswith(": not clear that anything was learned.")


def test_more_in_the_other_modality_is_told_as_that():
    (sentence,) = said(score(), score("transfer_gap", "text", "image", -0.2, (-0.3, -0.1)))
    assert sentence.endswith(": more in the other modality, by 20 points.")


def test_unlearning_has_before_and_after():
    (sentence,) = said(*unlearned())
    assert sentence == (
        "Unlearned through pictures: 100 → 0 %. Descriptions 98 → 83 %: it leaks. People to be "
        "kept: pictures 100 → 100 %, descriptions 98 → 98 %: no clear loss."
    )
    (block,) = opening(unlearned()).blocks
    (panel,) = block.panels
    assert [name for name, _ in panel.grid] == [
        "before, everyone (24)",
        "after, forget set (20)",
        "after, retain set (20)",
    ]
    assert [cell.recall for cell in panel.grid[0][1]] == ["100 % [86–100]", "98 % [83–100]"]


def test_those_who_were_forgotten_earlier_are_told():
    rows = [
        score(modality=one, value=value, ends=(0.0, 0.5), set="earlier", source="both",
              condition=THROUGH)
        for one, value in (("image", 0.05), ("text", 0.2))
    ]  # fmt: skip
    (sentence,) = said(*unlearned(), *rows)
    assert sentence.endswith(
        "no clear loss. Forgotten earlier, named from 5 % of pictures and 20 % of descriptions."
    )


def test_what_was_not_forgotten_does_not_leak():
    (sentence,) = said(*unlearned(picture=(0.9, (0.5, 0.99))))
    assert sentence.startswith(
        "Unlearned through pictures: 100 → 90 %: not clear that anything is forgotten. "
        "Descriptions 98 → 83 %. "
    )


def test_a_leak_that_is_not_clear():
    (sentence,) = said(*unlearned(text=(0.1, (0.0, 0.4)), leak=(0.0, 0.4)))
    assert "Descriptions 98 → 10 %: not clear that it leaks." in sentence


def test_whoever_is_clearly_harmed_is_told():
    rows = [
        score(
            one.metric, one.source, one.modality, 0.2, (0.1, 0.3), set="retain", condition=THROUGH
        )
        if one.set == "retain"
        else one
        for one in unlearned()
    ]
    (sentence,) = said(*rows)
    assert sentence.endswith("descriptions 98 → 20 %: they are clearly harmed.")


def test_without_rows_of_before_there_is_no_arrow_and_no_doubt():
    (sentence,) = said(*[one for one in unlearned() if one.set])
    assert sentence.startswith("Unlearned through pictures: 0 %. Descriptions 83 %: it leaks.")
    two = [*unlearned(), *[one for one in study() if one.source == "image"]]
    assert len(said(*two)) == 2


def test_groups_are_told_apart_by_what_differs():
    rows = [
        *study(condition={"base": "a", "views": 4}),
        *study(condition={"base": "b", "views": 4}),
    ]
    assert [one.split(":")[0] for one in said(*rows)] == ["base=a", "base=a", "base=b", "base=b"]


def test_many_groups_and_what_two_runs_say_have_no_sentence():
    many = [score(condition={"views": number}) for number in range(5)]
    assert said(*many) == []
    assert len(said(*many[:4])) == 4
    assert said(score(run="a"), score(run="b", value=0.1)) == []


def test_controls_attacks_and_training_views_are_no_result():
    assert said(score(condition={"control": "blank"}), score(split="train")) == []
    assert said(score(condition={"attack": "paraphrase"})) == []


@pytest.mark.parametrize("format", ["table", "markdown", "html"])
def test_every_format_to_read_begins_with_it(format):
    text = " ".join(render(unlearned(), format, width=300, colour=False).split())
    assert "100 → 0 %" in text[:200]
    assert text.index("it leaks") < text.index("Before and after") < text.index("Task: name")


shares = st.floats(0, 1).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(shares, shares, shares).map(sorted), min_size=7, max_size=7))
def test_a_claim_needs_intervals_that_do_not_meet(triples):
    """Whatever the numbers: a leak is told only if it is clear, and something was forgotten."""
    rows = [
        score(
            one.metric,
            one.source,
            one.modality,
            mid,
            (low, high),
            set=one.set,
            condition=one.condition,
        )
        for one, (low, mid, high) in zip(unlearned(), triples, strict=True)
    ]
    (sentence,) = said(*rows)
    forgotten = rows[2].high < rows[0].low
    assert ("not clear that anything is forgotten" in sentence) == (not forgotten)
    assert ("it leaks." in sentence.replace("not clear that it leaks.", "")) == (
        forgotten and rows[4].low > 0
    )
