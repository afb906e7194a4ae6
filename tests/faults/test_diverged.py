"""A run that diverges says so, and what was kept of it can be used."""

import re

import pytest

from tests.faults.harness import PEOPLE, TAUGHT, TINY, Command, run

TRAIN = ("train", PEOPLE, *TINY, "--steps", "10", "--lr", "1e38")
UNLEARN = ("unlearn", TAUGHT, "--forget", "1", "--gate", "0", "--steps", "10", "--lr", "1e38")
BOTH = pytest.mark.parametrize(
    ("words", "needs"),
    [(TRAIN, ("people",)), (UNLEARN, ("people", TAUGHT))],
    ids=["train", "unlearn"],
)


@BOTH
def test_the_last_checkpoint_is_named_and_can_be_probed(trial, words, needs):
    command = Command(words[0], (*words, "--save-every", "1", "--out", "run"), needs)
    with trial.fresh(command) as cwd:
        code, _ = run(command, cwd)
        said = cwd.with_suffix(".err").read_text()
        assert (code, said.count("\n")) == (1, 1), said
        assert said.startswith(f"xmm {words[0]}: training diverged: ")
        assert not (cwd / "run").exists()
        kept = re.search(r"(\S+/steps/\d{4}) is kept", said)
        assert kept is not None, said
        asked = Command("probe", ("probe", kept[1], "--answer", "rank"))
        code, _ = run(asked, cwd)
        assert code == 0, cwd.with_suffix(".err").read_text()
        assert cwd.with_suffix(".out").read_bytes().count(b'"kind":"probe"') > 2


@BOTH
def test_without_save_every_the_mend_is_told(trial, words, needs):
    ended = trial.once(Command(words[0], (*words, "--out", "run"), needs))
    assert ended.code == 1
    assert "try a lower --lr; with --save-every checkpoints are kept" in ended.err
    assert "run/" not in ended.files
