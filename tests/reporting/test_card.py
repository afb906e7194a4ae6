"""Scores on a model card: added once, replaced later, and nothing else touched."""

from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.commands.shared.cards import END, START, with_measured, with_results

from .scores import absent, score, study

texts = st.text().filter(lambda text: START not in text and END not in text)


def test_headings_stand_below_the_section():
    card = with_measured("# A model\n", "## Task: name\n\n| # | a |\n")
    assert "# A model\n\n" in card
    assert "\n## Measured\n\n### Task: name\n\n| # | a |\n" in card


@given(texts, texts, texts)
def test_what_was_measured_before_is_replaced(card, first, second):
    once = with_measured(card, second)
    assert with_measured(with_measured(card, first), second) == once
    assert once.startswith(card.rstrip())


@given(texts, texts)
def test_what_is_written_behind_it_stays(first, second):
    card = with_measured("# A model", first) + "\n## By hand\nKept.\n"
    assert with_measured(card, second).endswith("\n## By hand\nKept.\n")


CARD = "---\nbase_model: xmm-base\ntags: [xmm]\n---\n# A model\n"


def test_the_hub_reads_the_scores_from_the_header():
    rows = [*study(), absent("transfer_ratio", "image", "text")]
    card = ModelCard(with_results(CARD, "text", "f00d", rows))
    assert card.data.base_model == "xmm-base"
    assert card.data.tags == ["xmm"]
    assert card.text.strip() == "# A model"
    recalls = [one for one in card.data.eval_results if one.metric_type == "recall"]
    assert [one.metric_value for one in recalls] == [0.9875, 0.45, 0.2375, 0.875]
    assert recalls[0].metric_args == {"low": 0.83, "high": 1.0, "level": 0.95, "persons": 20}
    assert {one.dataset_revision for one in recalls} == {"f00d"}
    assert all(isinstance(one.metric_value, float) for one in card.data.eval_results)


def test_results_of_before_are_replaced_and_no_header_is_no_trouble():
    once = with_results(CARD, "text", None, study())
    assert with_results(once, "text", None, study()) == once
    assert len(ModelCard(with_results(once, "text", None, [score()])).data.eval_results) == 1
    assert ModelCard(with_results("# Bare\n", "text", None, [score()])).text.strip() == "# Bare"
