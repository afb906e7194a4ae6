"""Gates: what they are about, what trips them, and that nothing passes by oversight."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.forked.start import xmm
from xmm_cli import app
from xmm_cli.errors import BadData, GateTripped, WrongUsage
from xmm_cli.reporting.gate import check_gates
from xmm_cli.reporting.gate import read_gate as read_gate_of
from xmm_cli.rows.writer import encode
from xmm_cli.scoring.metrics import METRICS

from ..scoring import people
from .scores import absent, score, study

LEAK = score("leak", "image", "text", 0.12, (0.04, 0.3), condition={"views": 4, "mixed": True})


def read_gate(text):
    return read_gate_of(text, METRICS)


def tripped(text, *scores):
    try:
        check_gates([read_gate(text)], scores or (LEAK,))
    except GateTripped:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "trips"),
    [
        ("leak > 0.05", True),
        ("leak>0.12", False),
        ("leak >= 0.12", True),
        ("leak < 12.1%", True),
        ("leak.low > .05", False),
        ("leak . high > 2.9e-1", True),
        ("leak[text] > 0.05", True),
        ("leak[image->text] > 0.05", True),
        ("leak[ image → text , generate, heldout ] > 0.05", True),
        ("leak[views=4,mixed=true] > 0.05", True),
        ("leak == 0.12", True),
        ("leak != 0.12", False),
        ("leak > -1", True),
        ("gap[image->text] > 0.5", True),
        ("gap[text->image].low > 0.5", False),
        ("ratio < 0.3", True),
        ("transfer_ratio[image->text] < 0.3", False),
    ],
)
def test_trips(text, trips):
    assert tripped(text, LEAK, *study()) == trips


@pytest.mark.parametrize(
    "text",
    ["", "leak", "leak >", "> 3", "leak > x", "leak > 1 or 1", "__import__('os') > 1", "leak[ > 1",
     "leak[cat] > 1", "leak[image->cat] > 1", "leak[image,text] > 1", "leak[] > 1",
     "leak.mean > 1", "leak > nan", "leak = 1", "leak[image->text,image] > 0"],
)  # fmt: skip
def test_what_is_no_condition(text):
    with pytest.raises(WrongUsage, match="--fail-if"):
        read_gate(text)


@pytest.mark.parametrize("text", ["exposure > 1", "leak[image] > 1", "leak[views=5] > 1",
                                  "leak[forget] > 1", "leak[both->text] > 1"])  # fmt: skip
def test_a_gate_about_no_row_is_an_error(text):
    with pytest.raises(BadData, match="about no row"):
        tripped(text)


def test_a_gate_about_rows_without_the_number_is_an_error():
    with pytest.raises(BadData, match="no row it is about has a value"):
        tripped("asymmetry > 1", absent("asymmetry"))
    with pytest.raises(BadData, match="has a low"):
        tripped("chance.low > 1", score("chance", ends=None))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leak > 5", "leak is a share from 0 to 1: write leak > 0.05 or leak > 5 %"),
        ("leak[text].low >= 5.5", "write leak[text].low >= 0.055 or leak[text].low >= 5.5 %"),
        ("leak > 500%", "leak is a share from 0 to 1: write leak > 0.05 or leak > 5 %"),
        ("recall < 1.01", "recall is a share from 0 to 1"),
        ("gap > 20", "transfer_gap is a difference of shares from -1 to 1: write gap > 0.2 or"),
        ("gap < -20", "write gap < -0.2 or gap < -20 %"),
        ("token_f1 < 50", "token_f1 is a share from 0 to 1"),
        ("recall_difference < -5", "recall_difference is a difference of shares from -1 to 1"),
        ("transfer_gap_difference > 2.5", "from -2 to 2"),
        ("leak > 5000", "leak is a share from 0 to 1"),
    ],
)
def test_a_bound_that_no_share_can_reach_is_refused(text, said):
    with pytest.raises(WrongUsage) as caught:
        read_gate(text)
    assert f"--fail-if {text!r}" in caught.value.message
    assert said in str(caught.value.hint)
    if "write" in said:
        read_gate(caught.value.hint.partition("write ")[2].partition(" or ")[0])


@pytest.mark.parametrize(
    "text",
    ["recall == 1.0", "recall >= 1", "leak <= 1", "leak > -1", "leak > 100 %", "gap >= -1",
     "transfer_gap_difference > 1.5", "ratio > 1.5", "asymmetry < -2", "cross_modal_score > 1.2",
     "logprob < -20", "mean_rank > 5", "exposure < 6.5", "truth_ratio > 2", "min_k < -8",
     "transfer_ratio_difference > 3", "gap_closed < -3",
     "logprob_difference < -4"],
)  # fmt: skip
def test_a_bound_that_can_be_reached_is_taken(text):
    assert read_gate(text).text == text


@given(st.sampled_from(METRICS.names()), st.floats(-1, 1))
def test_no_number_between_minus_1_and_1_is_refused(name, number):
    assert read_gate(f"{name} > {number:f}").number == pytest.approx(number, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lek > 0.1", "unknown metric 'lek'; did you mean leak? known: recall"),
        ("recal_difference > 0.1", "unknown metric 'recal'; did you mean recall?"),
    ],
)
def test_an_unknown_metric_is_answered_before_anything_is_read(tmp_path, capsys, text, said):
    (tmp_path / "bad.jsonl").write_text("nonsense\n")
    assert app.main(["report", str(tmp_path / "bad.jsonl"), "--fail-if", text]) == 2
    assert said in capsys.readouterr().err


def test_the_message_names_gate_and_rows_on_one_line():
    evil = score("leak", "text", "image", 0.9, condition={"a\nb": "\x1b[2J"})
    with pytest.raises(GateTripped) as caught:
        check_gates([read_gate("leak > 0"), read_gate("leak.high > 0")], [LEAK, evil])
    said = str(caught.value)
    assert "leak > 0: leak[image->text, generate, views=4, mixed=true] 0.12" in said
    assert "leak.high > 0" in said
    assert "\n" not in said
    assert "\x1b" not in said


def test_as_a_command(tmp_path, capsys):
    probes, scores = tmp_path / "probes.jsonl", tmp_path / "scores.jsonl"
    probes.write_bytes(b"".join(encode(row) for row in people.study(persons=6)))
    scores.write_bytes(encode(LEAK))

    def ends(file, *gates):
        flags = [word for gate in gates for word in ("--fail-if", gate)]
        code = app.main(["report", str(file), "--quiet", "--resamples", "100", *flags])
        got = capsys.readouterr()
        return code, got.out, got.err

    code, out, err = ends(probes, "gap[image->text] > 0.01", "memory < -1")
    assert (code, len(err.splitlines())) == (3, 1)
    assert "Task: name" in out
    assert ends(probes, "gap > 0.99")[0] == 0
    assert ends(probes, "gap > 1.5")[0] == 2
    assert ends(scores, "leak > 0.05")[0] == 3
    assert ends(scores, "leak > 0.05.1")[0] == 2
    assert ends(scores, "gap > 0.05")[0] == 65


@pytest.mark.parametrize(("end", "code"), [("| true", 3), ("| head -c 1", 3), (">&-", 73)])
def test_a_gate_holds_whoever_reads(tmp_path, end, code):
    (tmp_path / "scores.jsonl").write_bytes(encode(LEAK) * 5000)
    command = f"{xmm()} report scores.jsonl --fail-if 'leak > 0.05'"
    words = ["bash", "-c", f"{command} --format jsonl {end}; exit ${{PIPESTATUS[0]}}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
