"""The whole study in its quick form, through the scripts that a reader runs.

`pytest -m slow tests/e2e/test_paper.py` runs it (some ten minutes on two cores).
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Probe, Trace

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.sh"))
QUICK_LIMIT_S = 3 * 15 * 60
"""A quarter of an hour on two free cores; a test may share them."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_example_parses(script):
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    subprocess.run(
        ["bash", ROOT / "examples/paper.sh", "--quick", folder],
        check=True,
        timeout=QUICK_LIMIT_S,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    return folder


@pytest.mark.slow
def test_the_findings_are_there_and_say_how_sure_they_are(study):
    findings = json.loads((study / "findings.json").read_text())
    families = {finding["family"] for finding in findings}
    assert {"gap", "views", "unlearning", "multi-hop", "mitigation", "controls"} <= families
    for finding in findings:
        assert finding["verdict"] in ("holds", "negligible", "does not hold", "unclear")
        if finding["effect"] is not None and finding["low"] is not None:
            assert finding["low"] <= finding["effect"] <= finding["high"]


@pytest.mark.slow
def test_the_gap_holds_in_both_directions(study):
    findings = json.loads((study / "findings.json").read_text())
    gaps = [one for one in findings if one["claim"].startswith("a gap remains")]
    gaps = [one for one in gaps if one["family"] == "gap"]
    assert [one["verdict"] for one in gaps] == ["holds", "holds"]


@pytest.mark.slow
def test_run_again_it_does_nothing(study):
    before = (study / "probes.jsonl").read_bytes()
    checkpoints = {
        path: path.stat().st_mtime_ns for path in study.rglob("adapter_model.safetensors")
    }
    script = ["bash", ROOT / "examples/paper.sh", "--quick", study]
    subprocess.run(script, check=True, timeout=QUICK_LIMIT_S)
    assert (study / "probes.jsonl").read_bytes() == before
    assert all(path.stat().st_mtime_ns == when for path, when in checkpoints.items())


@pytest.mark.slow
def test_probe_and_trace_rows_lie_in_one_file(study):
    rows = [found.row for found in read_rows([study / "probes.jsonl"], want=(Probe, Trace))]
    assert {type(row) for row in rows} == {Probe, Trace}
