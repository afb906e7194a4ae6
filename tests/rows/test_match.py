"""When an answer counts as right: words decide, and neither dress nor punctuation."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmm_cli.personas.sampling import names
from xmm_cli.rows.match import exact_match, normalise

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
words = st.sampled_from(names("given") + names("family"))
full_names = st.builds("{} {}".format, words, words)
dress = st.text(" \t\n.,;:!?\"'()[]*_-“”…", max_size=5)


@given(texts)
def test_to_normalise_twice_is_to_normalise_once(text):
    assert normalise(normalise(text)) == normalise(text)


@given(full_names, dress, dress)
def test_what_stands_around_a_name_does_not_matter(name, before, after):
    assert exact_match(f"{before}{name}{after}", name)
    assert exact_match(name, f"{before}{name}{after}")


@given(full_names)
def test_case_and_white_space_do_not_matter(name):
    assert exact_match(name.upper(), name)
    assert exact_match(name.swapcase(), name)
    assert exact_match(name.replace(" ", " \u00a0\n "), name)


@given(texts, texts)
def test_it_does_not_matter_which_is_expected(one, other):
    assert exact_match(one, other) == exact_match(other, one)


@given(full_names, full_names)
def test_another_name_is_wrong(one, other):
    assume(one != other)
    assert not exact_match(one, other)
    assert not exact_match(one.split()[0], one)
    assert not exact_match(f"{one} {other}", one)
    assert not exact_match(one.replace(" ", ""), one)


@pytest.mark.parametrize("text", ["", " ", "...", "\n-\t", "“”"])
def test_an_empty_answer_matches_nothing(text):
    assert normalise(text) == ""
    assert not exact_match(text, text)
    assert not exact_match(text, "Ann")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("José", "Jose\u0301"),
        ("STRASSE", "straße"),
        ("Ａｎｎ", "Ann"),
        ("O'Neil.", "o'neil"),
        ("Anne-Marie!", "anne-marie"),
        ("**Ann Lee**", "Ann Lee"),
        ("_Ann Lee_", "Ann Lee"),
        ("मीरा।", "मीरा"),
    ],
)
def test_the_same_in_another_dress(answer, expected):
    assert exact_match(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("मीर", "मीरा"), ("x", "x\u0302"), ("Jose", "José"), ("Ann-Lee", "Ann Lee"), ("Ann", "Anna")],
)
def test_letters_are_never_dropped(answer, expected):
    assert not exact_match(answer, expected)
    assert not exact_match(expected, answer)
