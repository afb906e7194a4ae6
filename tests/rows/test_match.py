"""When an answer counts as right: words decide, and neither dress nor punctuation."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmm_cli.personas.sampling import names
from xmm_cli.rows.match import Candidates, exact_match, normalise

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
words = st.sampled_from(names("given") + names("family"))
full_names = st.builds("{} {}".format, words, words)
dress = st.text(" \t\n.,;:!?\"'()[]*_-“”…", max_size=5)


@given(texts)
def test_to_normalise_twice_is_to_normalise_once(text):
    assert normalise(normalise(text)) == normalise(text)


@given(texts)
def test_the_ways_to_write_one_text_are_one(text):
    assume("\u00b4" not in text and "\u1ffd" not in text)  # alone, NFKC makes blanks of them
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalise(unicodedata.normalize(form, text)) == normalise(text)
    assert unicodedata.is_normalized("NFKC", normalise(text))


@given(full_names, st.sampled_from("\u00ad\u200b\u200c\u200d\u2060\ufe0f\ufeff"), st.integers(0, 9))
def test_what_does_not_show_does_not_matter(name, unseen, place):
    assert exact_match(name[:place] + unseen + name[place:], name)


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
        ("O’Neil", "O'Neil"),
        ("O`Neil", "O'Neil"),
        ("Мар’яна", "Марʼяна"),
        ("Anne\u2011Marie", "Anne-Marie"),
        ("Ann\u00ad Le\u200de", "Ann Lee"),
        ("Ａｎｎ－Ｌｅｅ", "Ann-Lee"),
        ("علی\u200cرضا", "علیرضا"),
        ("محـمد", "محمد"),
        ("约翰•史密斯", "约翰·史密斯"),
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


@given(st.lists(st.one_of(full_names, texts), min_size=1, max_size=8), st.data())
def test_candidates_are_told_apart_and_hold_the_right_answer(values, data):
    right = data.draw(st.sampled_from([*values, values[0].upper()]))
    candidates = Candidates(values).with_right(right)
    assert right in candidates
    assert len({normalise(one) or one for one in candidates}) == len(candidates)
    assert {normalise(one) for one in values} == {normalise(one) for one in candidates}


def test_candidates_that_differ_stay_in_order_and_are_shared():
    candidates = Candidates(["Bo", "Ann", "BO"])
    assert candidates.with_right("Bo") == ("Bo", "Ann")
    assert candidates.with_right("BO") == ("BO", "Ann")
    assert candidates.with_right("Ann") is candidates.with_right("Bo")
