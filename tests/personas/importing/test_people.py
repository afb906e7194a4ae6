"""Whose records they are, what may be told, and which views are held out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.people import Share, deal, gather, without_name


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("Ann Lee smiles.", "Ann Lee", "This person smiles."),
        ("Tall. ann  lee's hat, Lee!", "Ann Lee", "Tall. This person's hat, this person!"),
        ("In may, May may go.", "May Bo", "In may, this person may go."),
        ("A manner of Annette.", "Ann Lee", "A manner of Annette."),
        ("Dr. J. (Jo+) X", "Jo+ X", "Dr. J. (this person) X"),
    ],
)
def test_the_name_is_taken_out(text, name, said):
    assert without_name(text, name) == said


@given(st.text("abc XY.", min_size=1), st.sampled_from(["Xa Yb", "X", "XY X"]))
def test_no_part_of_a_name_of_two_letters_stays_as_a_word(text, name):
    words = without_name(text, name).replace(".", " ").split()
    assert not {part for part in name.split() if len(part) > 1} & set(words)


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
    rows = [record(text=str(number), **more) for number in range(count)]
    return [(view, split, one.text) for view, split, one in deal(rows, share, "Ann")]


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


def test_what_the_source_says_holds():
    rows = [record(text="a", split="heldout"), record(text="b"), record(text="c", split="train")]
    found = [(split, one.text) for _, split, one in deal(rows, Share(), "Ann")]
    assert found == [("train", "b"), ("train", "c"), ("heldout", "a")]


def test_fewer_views_are_taken():
    assert [split for _, split, _ in dealt(16, Share(views=3, heldout=2))] == ["train"] * 3 + [
        "heldout"
    ] * 2
