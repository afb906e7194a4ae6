"""Who exists: the same people for a seed, never too alike, never a public figure."""

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xmm_cli.errors import WrongUsage
from xmm_cli.personas import sampling
from xmm_cli.personas.facts import FACTS
from xmm_cli.personas.sampling import (
    FIGURES,
    is_measurable,
    names,
    public_figures,
    random_look,
    sample_identities,
)
from xmm_cli.personas.vocabulary import VOCABULARY

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)


def look_of(person) -> tuple[str, ...]:
    return tuple(person.attributes.values())


@few
@given(seeds, st.integers(1, 30), st.integers(0, 10), st.integers(0, 20))
def test_the_people_measured_are_the_same_whatever_else_is_asked_for(seed, few_, more, aux):
    alone = sample_identities(few_, 0, seed)
    assert sample_identities(few_ + more, aux, seed)[:few_] == alone
    assert sample_identities(few_, aux, seed)[:few_] == alone


def test_another_seed_gives_other_people():
    zero, one = sample_identities(20, 0, 0), sample_identities(20, 0, 1)
    assert not {p.id for p in zero} & {p.id for p in one}
    assert [p.name for p in zero] != [p.name for p in one]
    assert [p.attributes for p in zero] != [p.attributes for p in one]


@few
@given(seeds, st.integers(0, 12), st.integers(0, 12))
def test_any_two_differ_in_three_attributes_whatever_their_roles(seed, people, aux):
    found = sample_identities(people, aux, seed)
    assert [p.role for p in found] == ["eval"] * people + ["aux"] * aux
    assert len({p.id for p in found}) == len(found)
    for one, other in combinations(found, 2):
        assert sum(one.attributes[a] != other.attributes[a] for a in VOCABULARY) >= 3


def test_many_people_have_many_names_and_looks_that_differ():
    # more people than the lists have names: parts come again, full names do not
    found = sample_identities(650, 50, 3)
    assert len({p.name for p in found}) == 700
    assert len({look_of(p) for p in found}) == 700
    given_names, family_names = set(names("given")), set(names("family"))
    for person in found:
        first, last = person.name.split(" ")
        assert first in given_names
        assert last in family_names


def test_no_one_has_the_look_of_a_public_figure():
    figures = public_figures()
    people = [p for seed in range(5) for p in sample_identities(60, 60, seed)]
    assert len(figures) == FIGURES
    assert all(is_measurable(p.attributes) for p in people)
    assert not any(is_measurable(figure.attributes) for figure in figures)
    assert not {look_of(p) for p in people} & {look_of(figure) for figure in figures}
    assert not {p.id for p in people} & {figure.id for figure in figures}


def test_no_one_has_the_name_of_a_public_figure(monkeypatch):
    first, second, third = sample_identities(3, 0, 0)
    monkeypatch.setattr(sampling, "public_figures", lambda: (first, third))
    found = [p.name for p in sample_identities(650, 0, 0)]
    assert found[0] == second.name
    assert not {first.name, third.name} & set(found)


def test_public_figures_are_a_fixed_list():
    assert public_figures(10) == public_figures()[:10]
    assert len({figure.name for figure in public_figures()}) == FIGURES
    assert len({look_of(figure) for figure in public_figures()}) == FIGURES
    for count in (-1, FIGURES + 1):
        with pytest.raises(WrongUsage, match="public figures"):
            public_figures(count)


@given(seeds, st.booleans())
def test_a_look_is_on_the_side_that_was_asked_for(seed, measurable):
    look = random_look(random.Random(seed), measurable=measurable)
    assert is_measurable(look) == measurable
    assert list(look) == list(VOCABULARY)
    assert all(value in VOCABULARY[attribute] for attribute, value in look.items())


def test_facts_hang_on_the_person_alone():
    found = sample_identities(200, 0, 0)
    for fact, values in FACTS.items():
        told = [person.facts[fact] for person in found]
        assert set(told) == set(values)
    assert all(list(person.facts) == list(FACTS) for person in found)
    # neither two facts nor a fact and a look go together
    assert len({(p.facts["city"], p.facts["pet"]) for p in found}) > 150


def test_too_many_people_are_refused(monkeypatch):
    monkeypatch.setattr(sampling, "_TRIES", 50)
    with pytest.raises(WrongUsage, match=r"no room for more than \d+ people.*fewer people"):
        sample_identities(1000, 1000, 0)


@pytest.mark.parametrize("part", ["given", "family"])
def test_the_lists_of_names_are_as_their_readme_says(part):
    found = names(part)
    other = names("family" if part == "given" else "given")
    assert len(set(found)) == len(found) >= 500
    assert not set(found) & set(other)
    assert all(name.isascii() and name.istitle() and 4 <= len(name) <= 8 for name in found)
