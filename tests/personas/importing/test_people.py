"""Whose records they are, what may be told, and which views are held out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.grouped import Share, assign, deal, gather


def test_one_name_in_two_forms_is_one_person():
    dropped = Dropped()
    found = gather([record("Zo\u00eb", "Zo\u00eb"), record("Zoe\u0308", "Zoe\u0308")], dropped)
    assert [(one.name, len(one.records)) for one in found] == [("Zo\u00eb", 2)]
    assert dropped.lines() == []


@pytest.mark.parametrize(
    "more",
    [{"text": "x\ud800"}, {"person": "\udfff"}, {"facts": {"city": "\ud800"}}, {"name": "A\ud800"}],
)
def test_half_a_character_is_no_text(more):
    with pytest.raises(BadData, match=r"here: .*half a character"):
        gather([record(**more)], Dropped())


def record(person="p", name="Ann", **more) -> Record:
    return Record("here", person, name, **more)


def test_people_of_one_name_or_two_names_are_dropped():
    dropped = Dropped()
    rows = [
        record("1", "Ann", facts={"city": "Oslo"}),
        record("1", "Ann", facts={"city": "Rome", "pet": "cat"}),
        record("1", "Anna"),
        record("2", "ann"),
        record("3", "Bo"),
    ]
    found = gather(rows, dropped)
    assert [one.name for one in found] == ["Ann", "Bo"]
    assert found[0].told("facts") == {"city": "Oslo", "pet": "cat"}
    assert dropped.lines() == [
        "dropped 1: another name for the same person (first: here)",
        "dropped 1: a person with the name of another (first: here)",
    ]


@pytest.mark.parametrize("name", ["12", "A" * 101, "A\u202eB"])
def test_what_cannot_be_a_name(name):
    with pytest.raises(BadData, match="here: "):
        gather([record(name=name)], Dropped())


def dealt(count: int, share: Share, **more) -> list[tuple[int, str, str | None]]:
    return dealt_of([record(text=str(number), **more) for number in range(count)], share)


def dealt_of(rows: list[Record], share: Share) -> list[tuple[int, str, str | None]]:
    splits = assign(rows, [range(len(rows))], share, "Ann")
    found = deal(dict(enumerate(rows)), splits, share)
    return [(view, split, one.text) for view, split, one in found]


@pytest.mark.parametrize(("count", "heldout"), [(2, 1), (3, 1), (4, 1), (8, 2), (18, 4)])
def test_a_quarter_is_held_out(count, heldout):
    found = dealt(count, Share())
    assert [split for _, split, _ in found] == ["train"] * (count - heldout) + ["heldout"] * heldout
    assert [view for view, _, _ in found] == list(range(count))
    assert {text for _, _, text in found} == {str(number) for number in range(count)}


def test_another_seed_holds_out_others():
    assert len({tuple(dealt(8, Share(seed=seed))) for seed in range(5)}) > 1
    assert dealt(8, Share(seed=1)) == dealt(8, Share(seed=1))


def test_a_single_view():
    assert dealt(1, Share()) == [(0, "train", "0"), (1, "heldout", "0")]
    assert dealt(1, Share(lone="train")) == [(0, "train", "0")]


def test_a_line_is_of_one_split_in_both_modalities():
    rows = [record(text=str(number)) for number in range(12)]
    for seed in range(8):
        splits = assign(rows, [set(range(12)), set(range(12)) - {3, 7}], Share(seed=seed), "Ann")
        assert splits.count("heldout") in (3, 4)
        for lost in (set(), {3, 7}):
            assert sum(splits[place] == "heldout" for place in set(range(12)) - lost) >= 2


@given(
    st.lists(st.sampled_from(["both", "image", "text", "none"]), min_size=1, max_size=12),
    st.integers(0, 5),
)
def test_something_is_held_out_and_something_learned_in_each_modality(kinds, seed):
    rows = [record(text=str(number)) for number in range(len(kinds))]
    usable = [
        {place for place, kind in enumerate(kinds) if kind in ("both", modality)}
        for modality in ("image", "text")
    ]
    splits = assign(rows, usable, Share(seed=seed), "Ann")
    for number, places in enumerate(usable):
        if len(places) > 1 and not any(len(other) == 1 for other in usable):
            assert {splits[place] for place in places} >= {"train"}, number
            if kinds.count("both") == len(rows) or not usable[0] & usable[1]:
                assert {splits[place] for place in places} == {"train", "heldout"}


def test_what_the_source_says_holds():
    rows = [record(text="a", split="heldout"), record(text="b"), record(text="c", split="train")]
    found = [(split, text) for _, split, text in dealt_of(rows, Share())]
    assert found == [("train", "b"), ("train", "c"), ("heldout", "a")]


def test_fewer_views_are_taken():
    assert [split for _, split, _ in dealt(16, Share(views=3, heldout=2))] == ["train"] * 3 + [
        "heldout"
    ] * 2
