"""One zygote and one trial for all tests here: importing torch for each would take minutes."""

import random
from collections.abc import Iterator

import pytest

from tests.faults.harness import Trial, Zygote


@pytest.fixture(scope="session")
def trial(tmp_path_factory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("faults")
    zygote = Zygote(folder)
    try:
        yield Trial(folder, zygote)
    finally:
        zygote.close()


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)
