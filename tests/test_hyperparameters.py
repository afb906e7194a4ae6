"""`--set NAME=VALUE`: read by the type of the field, wrong ones refused, the defaults left out."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli.errors import WrongUsage
from xmm_cli.models.settings import TrainSettings, UnlearnSettings, set_by, told
from xmm_cli.training.mitigations import MITIGATIONS
from xmm_cli.training.objectives import OBJECTIVES, UNLEARNING

KNOWN = [
    (registry, name)
    for registry, names in ((OBJECTIVES, UNLEARNING), (MITIGATIONS, MITIGATIONS.names()))
    for name in names
    if registry.hyperparameters(name)
]


def test_methods_with_constants_in_their_formula_have_hyperparameters():
    assert [name for _, name in KNOWN] == [
        "npo", "simnpo", "dpo", "rmu", "undial", "wga", "satimp", "pdu", "mmunlearner",
        "self-caption", "align",
    ]  # fmt: skip


@pytest.mark.parametrize(("registry", "name"), KNOWN)
def test_what_help_says_is_what_the_code_has(registry, name):
    """Help reads the source, which it does not run."""
    values = registry.hyperparameters(name)
    config = registry.config(name, values)
    assert {field.name: field.default for field in fields(config)} == values
    assert registry.parse(name, [f"{field}={value}" for field, value in values.items()]) == {}


@pytest.mark.parametrize(("registry", "name"), KNOWN)
def test_every_hyperparameter_can_be_set(registry, name):
    for field, usual in registry.hyperparameters(name).items():
        chosen = registry.parse(name, [f"{field}={2 * usual + 1}"])
        assert chosen == {field: 2 * usual + 1}
        assert getattr(registry.config(name, chosen), field) == 2 * usual + 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["beta"], "--set 'beta'; write it as NAME=VALUE"),
        (["=1"], "--set '=1'; write it as NAME=VALUE"),
        (["beat=1"], "--set beat: the objective npo has no such hyper-parameter; did you mean b"),
        (["beta=much"], "--set beta=much; Expected `float`, got `str`; its default is 0.1"),
        (["beta="], "--set beta=; Expected `float`"),
        (["beta=0"], "--set beta=0; Expected `float` > 0.0; its default is 0.1"),
        (["beta=nan"], "--set beta=nan; "),
        (["beta=inf"], "--set beta=inf; give a number that is finite"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_one_line(given, said):
    with pytest.raises(WrongUsage) as caught:
        OBJECTIVES.parse("npo", given)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_method_without_any():
    with pytest.raises(WrongUsage, match="--set beta; the objective ga has none"):
        OBJECTIVES.parse("ga", ["beta=1"])


@given(st.floats(1e-6, 1e6))
def test_a_number_is_kept_as_it_is(value):
    assert OBJECTIVES.parse("npo", [f"beta={value!r}"]).get("beta", 0.1) == value


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        assert OBJECTIVES.parse("npo", [text]).keys() <= {"beta"}
    except WrongUsage:
        return


@pytest.mark.parametrize("settings", [TrainSettings, UnlearnSettings])
def test_rows_have_what_was_set_and_nothing_else(settings):
    plain = told(settings())
    assert not [name for name in plain if name.startswith("set_")]
    assert "hyperparameters" not in plain
    chosen = {"beta": 0.2, "gamma": 1.0}
    row = told(settings(hyperparameters=chosen))
    assert row == plain | {"set_beta": 0.2, "set_gamma": 1.0}
    assert set_by(row) == chosen
