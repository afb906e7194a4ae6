"""Descriptions: whole sentences, no name, and no words that both splits use."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmm_cli.personas import describing
from xmm_cli.personas.describing import OMIT, describe, leave_out
from xmm_cli.personas.sampling import names
from xmm_cli.personas.vocabulary import COLOR_OF, VOCABULARY

whole_looks = st.fixed_dictionaries(
    {attribute: st.sampled_from(list(values)) for attribute, values in VOCABULARY.items()}
)


def without(look: dict[str, str], silent: str | None) -> dict[str, str]:
    return {attribute: value for attribute, value in look.items() if attribute != silent}


looks = st.builds(without, whole_looks, st.none() | st.sampled_from(list(VOCABULARY)))
"""What a description is made from: a look, or all of it but one attribute."""

splits = st.sampled_from(["train", "heldout"])
seeds = st.integers(0, 2**32)
many = settings(max_examples=300, deadline=None)

NAME_PARTS = frozenset(names("given")) | frozenset(names("family"))
WRONG_ARTICLE = re.compile(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]")
THINGS = [a for a in VOCABULARY if a not in COLOR_OF.values()]


def bare(text: str) -> str:
    """With every `an` made `a`, so that a wording is found whatever word it begins with."""
    return re.sub(r"\b([Aa])n (?=[aeiou])", r"\1 ", text)


def phrases(thing: str, look: dict[str, str], split: str) -> set[str]:
    """Every way to say a thing, with its colour where that is told."""
    found = VOCABULARY[thing][look[thing]].wordings(split)
    color = COLOR_OF.get(thing)
    words = VOCABULARY[color][look[color]].wordings(split) if color in look else ("",)
    filled = {wording.format(color=word) for wording in found for word in words}
    return {bare(" ".join(phrase.split())) for phrase in filled}


def says(text: str, attribute: str, look: dict[str, str], split: str) -> bool:
    """Whether an attribute of the look can be read from the text."""
    if attribute in THINGS:
        ways = phrases(attribute, look, split)
    else:
        ways = {bare(word) for word in VOCABULARY[attribute][look[attribute]].wordings(split)}
    return any(re.search(rf"\b{re.escape(way)}\b", bare(text)) for way in ways)


@many
@given(looks, splits, seeds)
def test_a_description_is_clean_text(look, split, seed):
    text = describe(look, split, random.Random(seed))
    assert text[0].isupper()
    assert text.endswith(".")
    assert text == " ".join(text.split())
    assert "{" not in text
    assert "}" not in text
    assert not re.search(r"\s[,.;:]|[,;:][,.;:]|\.\.", text)
    assert not WRONG_ARTICLE.search(text)
    for sentence in re.split(r"(?<=\.) ", text):
        assert sentence[0].isupper()


@many
@given(looks, splits, seeds)
def test_a_description_holds_no_part_of_any_name(look, split, seed):
    text = describe(look, split, random.Random(seed))
    assert not NAME_PARTS & set(re.findall(r"\w+", text))


@many
@given(looks, splits, seeds)
def test_every_attribute_that_is_given_is_said(look, split, seed):
    text = describe(look, split, random.Random(seed))
    unsaid = [attribute for attribute in look if not says(text, attribute, look, split)]
    assert unsaid == [], text


@many
@given(whole_looks, st.sampled_from(THINGS), splits, seeds)
def test_what_is_left_out_is_not_said(look, silent, split, seed):
    text = bare(describe(without(look, silent), split, random.Random(seed)))
    for worded in VOCABULARY[silent].values():
        for wording in worded.wordings(split):
            before, colour, after = (bare(part) for part in wording.partition("{color} "))
            pattern = re.escape(before) + (r"(?:[\w-]+ ){0,2}" if colour else "") + re.escape(after)
            assert not re.search(rf"\b{pattern}\b", text)


@given(whole_looks, seeds)
def test_one_attribute_at_the_most_is_left_out(look, seed):
    assert leave_out(look, random.Random(seed), 0) == look
    told = leave_out(look, random.Random(seed), 1)
    assert len(told) == len(look) - 1
    assert told.items() <= look.items()


def test_each_attribute_is_left_out_now_and_then():
    look = {attribute: next(iter(values)) for attribute, values in VOCABULARY.items()}
    rng = random.Random(0)
    told = [leave_out(look, rng, OMIT) for _ in range(2000)]
    whole = sum(len(one) == len(look) for one in told)
    assert whole / len(told) == pytest.approx(1 - OMIT, abs=0.05)
    for attribute in look:
        missing = sum(attribute not in one for one in told)
        assert missing / len(told) == pytest.approx(OMIT / len(look), abs=0.02)


def test_there_are_many_ways_to_say_the_same():
    look = {attribute: next(iter(values)) for attribute, values in VOCABULARY.items()}
    for split in ("train", "heldout"):
        texts = {describe(look, split, random.Random(seed)) for seed in range(300)}
        assert len(texts) > 250


@given(looks, splits, seeds)
def test_the_same_stream_gives_the_same_words(look, split, seed):
    first = describe(look, split, random.Random(seed))
    assert describe(look, split, random.Random(seed)) == first


def test_the_splits_share_no_sentence_plan_and_no_aside():
    asides, plans = describing._ASIDES, describing._PLANS
    assert not set(asides["train"]) & set(asides["heldout"])
    assert not set(plans["train"]) & set(plans["heldout"])
    assert all(len(asides[split]) >= 3 and len(plans[split]) >= 3 for split in asides)


def test_the_sentences_around_the_wordings_are_other_ones():
    """Mask the wordings: what is left is the plan, and no plan is seen in both splits."""
    look = {attribute: list(values)[1] for attribute, values in VOCABULARY.items()}
    frames: dict[str, set[str]] = {"train": set(), "heldout": set()}
    for split, found in frames.items():
        for seed in range(300):
            text = bare(describe(look, split, random.Random(seed)))
            for aside in describing._ASIDES[split]:
                text = text.replace(f" {aside}", "")
            for attribute in THINGS:
                ways = phrases(attribute, look, split)
                for phrase in sorted(ways, key=len, reverse=True):
                    text = text.replace(phrase, "_")
            found.add(text)
    assert len(frames["train"]) > 3
    assert len(frames["heldout"]) > 3
    assert not frames["train"] & frames["heldout"]
