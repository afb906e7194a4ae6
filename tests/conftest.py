"""What all tests share: a quiet machine, a few people, the shipped base, a tiny checkpoint."""

import os
import signal

# Read when torch is loaded: threads that wait must not spin while another job runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["XMM_DEVICE"] = "cpu"
os.environ["XMM_CACHE_SIZE"] = "0"  # what a run finds is never left by an earlier one
os.environ.pop("XMM_DEBUG", None)

from pathlib import Path

import hypothesis
import pytest

from tests.forked import start
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Checkpoint, Persona

# started in the background, all that tests start would ignore it, and never end when interrupted
signal.signal(signal.SIGINT, signal.default_int_handler)

PEOPLE, AUX, VIEWS, HELDOUT = 4, 2, 3, 2
SEED = 5
STEPS = 5
TINY = {"views": VIEWS, "seed": SEED, "steps": STEPS, "batch_size": 8}
"""What tells the tiny checkpoint from others."""

NOISE = (
    "ignore:The PEFT config's `base_model_name_or_path` was renamed:UserWarning",
    "ignore:Could not find a config file in:UserWarning",
    "ignore:Found missing adapter keys:UserWarning",
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
)
"""What libraries say to developers; `xmm` itself is silent about it too."""


hypothesis.settings.register_profile("busy", deadline=None)  # the cores may be shared
hypothesis.settings.load_profile("busy")


def pytest_configure(config: pytest.Config) -> None:
    for line in NOISE:
        config.addinivalue_line("filterwarnings", line)


def pytest_unconfigure() -> None:
    start.close()


FIRST = ("e2e", "scale", "faults")
"""Folders of tests that start whole processes and kill some: the longest tests are there."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first: a run in several processes then ends in all of them together.

    The first process begins with them, the others with what follows, and each takes over from the
    others what is left when it has done its own (`--dist worksteal`).
    """
    items.sort(key=lambda item: item.path.relative_to(Path(__file__).parent).parts[0] not in FIRST)


Pairs = list[tuple[Persona, Path]]


def read_people(file: Path) -> Pairs:
    """Persona rows, each with the folder its paths count from."""
    return [(found.row, found.folder) for found in read_rows([file], want=(Persona,))]


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory) -> Path:
    """A data set: 4 people to measure and 2 others, 3 training and 2 held-out views each."""
    from xmm_cli.personas.dataset import claim_folder, make_personas, write_tables
    from xmm_cli.personas.request import Request

    folder = tmp_path_factory.mktemp("data") / "people"
    request = Request(people=PEOPLE, aux=AUX, views=VIEWS, heldout=HELDOUT, seed=SEED)
    claim_folder(request, folder)
    rows = list(make_personas(request, folder, run="made", processes=1))
    write_tables(rows, request, folder)
    return folder


@pytest.fixture(scope="session")
def people(people_folder) -> Pairs:
    return read_people(people_folder / "personas.jsonl")


@pytest.fixture(scope="session")
def base():
    """The shipped base on the CPU; a test that puts an adapter on it takes it off again."""
    return new_base()


@pytest.fixture
def fresh_base():
    """A base of the test's own."""
    return new_base()


def new_base():
    from xmm_cli.models.loading import load_base

    return load_base("xmm-base", "cpu")


@pytest.fixture(scope="session")
def conversations(base):
    from xmm_cli.models.conversation import Conversations

    return Conversations(base)


@pytest.fixture(scope="session")
def checkpoint(people, tmp_path_factory) -> Checkpoint:
    """The row of a checkpoint that has learned from descriptions for 5 steps."""
    from xmm_cli.models.settings import TrainSettings
    from xmm_cli.training.train import prepare, train

    settings = TrainSettings(source="text", steps=STEPS, batch_size=8, seed=SEED)
    out = tmp_path_factory.mktemp("runs") / "text"
    return train(prepare(people, settings, "cpu"), settings, out, run="taught")
