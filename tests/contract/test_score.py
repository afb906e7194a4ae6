"""`xmm score`: metrics by name, packed inputs, and one run against another."""

import gzip

import msgspec
import orjson

from tests.scoring.people import study
from xmm_cli.errors import ExitCode
from xmm_cli.rows.writer import encode

LINES = b"".join(map(encode, study(9)))


def scores(result):
    assert result.code == 0, result.err
    rows = [orjson.loads(line) for line in result.rows]
    kept = [row for row in rows if row["kind"] == "score"]
    return [{name: value for name, value in row.items() if name != "run"} for row in kept]


def test_packed_files_and_globs_give_the_same_scores(xmm, tmp_path):
    (tmp_path / "plain.jsonl").write_bytes(LINES)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(LINES))
    expected = scores(xmm("score", "plain.jsonl"))
    assert scores(xmm("score", "packed.gz")) == expected
    assert scores(xmm("score", "p*")) == expected
    xmm("score", "q*").failed(ExitCode.NO_INPUT, "no file matches")


def test_metrics_by_name(xmm):
    rows = scores(xmm("score", "--metric", "exact_match, exposure", stdin=LINES))
    assert {row["metric"] for row in rows} == {"recall", "exposure"}
    xmm("score", "--metric", "exposre", stdin=LINES).failed(
        ExitCode.USAGE, "unknown metric 'exposre'", "did you mean exposure?"
    )


def test_against_a_baseline(xmm, tmp_path):
    worse = [msgspec.structs.replace(row, correct=False, rank=9) for row in study(9)]
    (tmp_path / "base.jsonl").write_bytes(b"".join(map(encode, worse)))
    rows = scores(xmm("score", "--against", "base.jsonl", "--metric", "recall", stdin=LINES))
    assert {row["metric"] for row in rows} == {"recall_difference"}
    assert all(row["value"] >= 0 and row["p"] <= row["p_holm"] for row in rows)
    xmm("score", "--against", "-", stdin=LINES).failed(ExitCode.USAGE, "stdin for both runs")
    xmm("score", "--against", "none.jsonl", stdin=LINES).failed(ExitCode.NO_INPUT, "none.jsonl")
