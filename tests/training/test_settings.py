"""Settings: one default each, the same on the command line and beside the weights."""

from dataclasses import FrozenInstanceError, asdict, fields

import pytest

from xmm_cli.app import load
from xmm_cli.models.settings import TrainSettings, UnlearnSettings
from xmm_cli.training.objectives import OBJECTIVES, UNLEARNING

SETTINGS = pytest.mark.parametrize(
    ("command", "settings"), [("train", TrainSettings()), ("unlearn", UnlearnSettings())]
)


@SETTINGS
def test_the_command_line_has_the_same_defaults(command, settings):
    known = asdict(settings)
    compared = set()
    for option in load(command).params:
        if option.name in known and option.name != "alpha":
            assert option.default == known[option.name], option.name
            compared.add(option.name)
    assert {"seed", "steps", "views", "batch_size", "learning_rate"} <= compared


@SETTINGS
def test_settings_are_fixed_once_made(command, settings):
    for field in fields(settings):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, field.name, None)


def test_without_alpha_it_is_twice_the_rank():
    assert TrainSettings().alpha == 2 * TrainSettings().rank
    assert TrainSettings(rank=3).alpha == 6
    assert TrainSettings(rank=3, alpha=0.0).alpha == 0


def test_the_objectives_named_are_known():
    assert TrainSettings().objective in OBJECTIVES
    assert UnlearnSettings().objective in UNLEARNING
    assert all(name in OBJECTIVES for name in UNLEARNING)
    assert TrainSettings().objective not in UNLEARNING
