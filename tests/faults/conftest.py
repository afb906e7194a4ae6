"""One trial for all tests here: what its commands need is made once."""

import random

import pytest

from tests.faults.harness import Trial


@pytest.fixture(scope="session")
def trial(tmp_path_factory) -> Trial:
    return Trial(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)
