"""Registries load late, and answer a wrong name with the nearest right one."""

import sys

import pytest

from xmm_cli.errors import WrongUsage
from xmm_cli.registry import Entry, Registry


@pytest.fixture
def methods() -> Registry:
    return Registry(
        "method",
        {
            "memorize": Entry("json:loads", "Learn it."),
            "graddiff": ("no.such.module:train", "Forget it."),
            "NPO": ("json:nothing", "Forget it gently."),
        },
    )


def test_nothing_is_imported_before_use(methods):
    assert methods.names() == ["memorize", "graddiff", "NPO"]
    assert methods.describe()["graddiff"] == "Forget it."
    assert "no" not in sys.modules
    assert methods.load("memorize")("[1]") == [1]
    assert "memorize" in methods
    assert "sing" not in methods


@pytest.mark.parametrize(("typed", "meant"), [("memorise", "memorize"), ("npo", "NPO")])
def test_a_near_miss_is_guessed(methods, typed, meant):
    with pytest.raises(WrongUsage) as caught:
        methods.load(typed)
    assert str(caught.value) == (
        f"unknown method '{typed}'; did you mean {meant}? known: memorize, graddiff, NPO"
    )


def test_a_far_miss_lists_the_names(methods):
    with pytest.raises(WrongUsage, match="unknown method 'xyz'; known: memorize"):
        methods.check("xyz")


def test_a_wrong_target_is_a_defect(methods):
    with pytest.raises(ImportError):
        methods.load("graddiff")
    with pytest.raises(AttributeError):
        methods.load("NPO")
    with pytest.raises(ValueError, match="module:attribute"):
        Registry("method", {"a": ("json", "No attribute.")})
