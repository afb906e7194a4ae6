"""The short form of `python -m tests.faults`: each command killed a few times."""

import pytest

from tests.faults.harness import COMMANDS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_killed_command_run_again_is_as_if_it_had_not_been_killed(trial, rng, command):
    trial.round(command, 2, rng)
    tally = trial.tallies[command.name]
    assert tally.troubles == []
    assert tally.equal == tally.rounds == 1
