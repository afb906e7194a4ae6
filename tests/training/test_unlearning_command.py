"""`xmm unlearn` as it is called: its options, its rows, and the same again."""

from pathlib import Path

import msgspec
import pytest

from tests.contract.conftest import inside, xmm  # noqa: F401
from xmm_cli.training.objectives import METHODS

QUICK = ["--gate", 0, "--through", "text", "--steps", 4, "--batch-size", 2, "--forget", 1]


def rows(result) -> list[dict]:
    assert result.code == 0, result.err
    return [msgspec.json.decode(line) for line in result.rows]


def test_a_row_for_each_checkpoint_and_the_same_again(xmm, checkpoint):  # noqa: F811
    words = ["unlearn", checkpoint.path, *QUICK, "--save-every", 2, "--out", "run"]
    *found, last = rows(xmm(*words))
    assert [row["kind"] for row in found] == ["checkpoint"] * 2
    assert [(row["path"], row["steps"]) for row in found] == [
        (str(Path("run") / "steps" / "0002"), 2),
        ("run", 4),
    ]
    assert last["kind"] == "run"
    assert {row["run"] for row in found} == {last["id"]}
    again = rows(xmm(*words))
    assert again[:-1] == found


def test_one_option_has_two_names(xmm, checkpoint):  # noqa: F811
    *one, _ = rows(xmm("unlearn", checkpoint.path, *QUICK, "--method", "wga", "--out", "a"))
    *two, _ = rows(xmm("unlearn", checkpoint.path, *QUICK, "--objective", "wga", "--out", "b"))
    assert one[0]["objective"] == one[0]["arguments"]["objective"] == "wga"
    assert one[0]["run"] == two[0]["run"]


def test_the_row_says_what_was_asked(xmm, checkpoint):  # noqa: F811
    words = ["--retain", "2", "--utility-floor", 0, "--save-every", 3, "--out", "run"]
    *_, row, run = rows(xmm("unlearn", checkpoint.path, *QUICK, *words))
    said = row["arguments"]
    assert (said["gate"], said["through"], said["steps"]) == (0, "text", 4)
    assert (said["save_every"], said["utility_floor"], said["stopped_at"]) == (3, 0, None)
    assert 0 <= said["recall_before"] <= 1
    assert 0 <= said["retain_recall"] <= 1
    assert said["retain"] == run["arguments"]["retain"]
    assert len(said["retain"]) == 2
    assert run["arguments"]["forget"] == row["forget"]


def test_a_small_forget_set_is_warned_about(checkpoint, tmp_path):
    result = inside("unlearn", checkpoint.path, *QUICK, "--out", "run", cwd=tmp_path)
    assert result.code == 0
    assert "warning: the forget set has only 1 people" in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "memorize"], f"known: {', '.join(METHODS)}"),
        (["--method", "retrain", "--utility-floor", 0.5], "with --method retrain"),
        (["--retain", "9"], "9 of the 3 people who are not forgotten"),
    ],
)
def test_what_means_nothing_is_refused(xmm, checkpoint, tmp_path, words, said):  # noqa: F811
    xmm("unlearn", checkpoint.path, *QUICK, *words, "--out", "run").failed(2, said)
    assert not (tmp_path / "run").exists()
