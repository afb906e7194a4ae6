"""The main experiment on the shipped base, for one seed: learned, carried over, and not in full.

`pytest -m slow tests/e2e/test_transfer.py` runs it (some four minutes on two cores).
`XMM_TEST_BASE` names another base, `XMM_TEST_SEED` another seed.
"""

import os
from pathlib import Path

import msgspec
import pytest

from tests.contract.conftest import shell
from xmm_cli.rows.types import Score

pytestmark = pytest.mark.slow

BASE = os.environ.get("XMM_TEST_BASE", "xmm-base")
SEED = os.environ.get("XMM_TEST_SEED", "0")
LEARN = f"--base {BASE} --seed {SEED}"
EXPERIMENT = f"""
xmm gen-personas -q -n 32 --views 8 --heldout 8 --seed {SEED} --out people > /dev/null
xmm train people/personas.jsonl --source image {LEARN} --out image > /dev/null
xmm train people/personas.jsonl --source text {LEARN} --out text > /dev/null
xmm probe image text --untrained > probes.jsonl
xmm score probes.jsonl --by base
"""


@pytest.fixture(scope="module")
def scores(tmp_path_factory) -> list[Score]:
    here: Path = tmp_path_factory.mktemp("transfer")
    done = shell(f"set -e; {EXPERIMENT}", here, timeout_s=3600)
    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if b'"kind":"score"' in line]
    return [msgspec.json.decode(line, type=Score) for line in lines]


def pick(scores: list[Score], metric: str, source, modality, answer="generate") -> Score:
    wanted = (metric, source, modality, answer)
    found = [s for s in scores if (s.metric, s.source, s.modality, s.answer) == wanted]
    assert len(found) == 1, [(s.metric, s.source, s.modality, s.answer) for s in scores]
    return found[0]


CELLS = [("image", "text"), ("text", "image")]


@pytest.mark.parametrize("source", ["image", "text"])
def test_people_are_learned(scores, source):
    same = pick(scores, "recall", source, source)
    assert (same.personas, same.n) == (32, 256)
    assert same.value >= 0.9


@pytest.mark.parametrize(("source", "target"), CELLS)
def test_what_was_learned_carries_over_in_part(scores, source, target):
    same = pick(scores, "recall", source, source)
    cross = pick(scores, "recall", source, target)
    assert 0.15 <= cross.value <= same.value - 0.1


@pytest.mark.parametrize(("source", "target"), CELLS)
def test_the_gap_is_no_chance(scores, source, target):
    gap = pick(scores, "transfer_gap", source, target)
    assert gap.low is not None
    assert gap.low > 0
    assert gap.low <= gap.value <= gap.high


@pytest.mark.parametrize("modality", ["image", "text"])
def test_the_base_alone_knows_no_one(scores, modality):
    assert pick(scores, "recall", None, modality).value < 0.05


@pytest.mark.parametrize(("source", "target"), CELLS)
def test_the_right_name_is_found_among_all_above_chance(scores, source, target):
    ranked = pick(scores, "recall", source, target, answer="rank")
    assert ranked.low > 1 / 32
