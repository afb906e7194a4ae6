"""Scores on a model card: added once, replaced later, and nothing else touched."""

from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.commands.shared.cards import END, START, with_measured

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
