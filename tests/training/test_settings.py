"""Settings: one default each, the same on the command line and beside the weights."""

from dataclasses import FrozenInstanceError, asdict, fields

import pytest

from xmm_cli.app import load
from xmm_cli.models.settings import TrainSettings, UnlearnSettings
from xmm_cli.training.objectives import OBJECTIVES, UNLEARNING

CLI_NAMES = {"lr": "learning_rate"}
SETTINGS = pytest.mark.parametrize(
    ("command", "settings"), [("train", TrainSettings()), ("unlearn", UnlearnSettings())]
)


@SETTINGS
def test_the_command_line_has_the_same_defaults(command, settings):
    known = asdict(settings)
    compared = set()
    for option in load(command).params:
        name = CLI_NAMES.get(option.name, option.name)
        if name in known and name != "alpha":
            assert option.default == known[name], name
            compared.add(name)
    assert {"seed", "steps", "views", "batch_size", "learning_rate"} <= compared


@SETTINGS
def test_settings_are_fixed_once_made(command, settings):
    for field in fields(settings):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, field.name, None)


def test_without_alpha_it_is_twice_the_rank():
    assert TrainSettings().alpha == 2 * TrainSettings().rank


def test_the_objectives_named_are_known():
    assert TrainSettings().objective in OBJECTIVES
    assert UnlearnSettings().objective in UNLEARNING
    assert all(name in OBJECTIVES for name in UNLEARNING)
    assert TrainSettings().objective not in UNLEARNING
