"""The vocabulary: enough to tell people apart, and nothing shared between the splits."""

from itertools import chain

import pytest

from xmm_cli.personas.vocabulary import ATTRIBUTES, COLOR_OF, VOCABULARY

VALUES = [(a, v) for a, values in VOCABULARY.items() for v in values]


def wordings(attribute: str, split: str) -> list[str]:
    return list(chain.from_iterable(v.wordings(split) for v in VOCABULARY[attribute].values()))


def test_there_is_enough_to_tell_people_apart():
    assert tuple(VOCABULARY) == ATTRIBUTES
    assert len(ATTRIBUTES) >= 7
    assert all(len(values) >= 4 for values in VOCABULARY.values())


@pytest.mark.parametrize(("attribute", "value"), VALUES)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_value_is_worded_in_two_ways(attribute, value, split):
    found = VOCABULARY[attribute][value].wordings(split)
    assert len(set(found)) >= 2


@pytest.mark.parametrize("attribute", ATTRIBUTES)
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_a_wording_means_one_value(attribute, split):
    found = wordings(attribute, split)
    assert len(set(found)) == len(found)


def test_the_splits_share_no_wording():
    train = {w for a in ATTRIBUTES for w in wordings(a, "train")}
    heldout = {w for a in ATTRIBUTES for w in wordings(a, "heldout")}
    assert not train & heldout


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_colour_has_one_place_in_what_it_colours_and_none_elsewhere(attribute):
    for wording in wordings(attribute, "train") + wordings(attribute, "heldout"):
        assert wording.count("{color}") == (1 if attribute in COLOR_OF else 0)
        assert wording.replace("{color}", "").count("{") == 0
        assert wording == " ".join(wording.split())


def test_every_colour_colours_something():
    assert set(COLOR_OF) | set(COLOR_OF.values()) <= set(ATTRIBUTES)
    colours = {a for a in ATTRIBUTES if a.endswith("_color")}
    assert colours == set(COLOR_OF.values())
