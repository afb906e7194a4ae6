"""The examples on a real SLURM, of two nodes on this machine: Debian's slurm-wlm and munge."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import slurm
from tests.forked.start import environment

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = {
    "VIRTUAL_ENV": sys.prefix,
    "PEOPLE": "4",
    "AUX": "2",
    "STEPS": "20",
    "OMP_NUM_THREADS": "1",
    "JOBS": "2",
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or any(shutil.which(name) is None for name in slurm.PROGRAMS),
        reason="as root, after apt-get install slurm-wlm munge",
    ),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm.cluster(tmp_path_factory.mktemp("slurm")) as made:
        yield made


def start(cwd: Path, script: str, *words: object, **more: str) -> subprocess.Popen[str]:
    cwd.mkdir(exist_ok=True)
    return subprocess.Popen(
        [str(EXAMPLES / script), *[str(one) for one in words]],
        cwd=cwd,
        env=environment() | SMALL | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(started: subprocess.Popen[str], code: int = 0) -> str:
    out, _ = started.communicate(timeout=1500)
    assert started.returncode == code, out
    return out


def rows(file: Path) -> list[str]:
    """All rows but the `run` rows, which have times."""
    lines = file.read_text().splitlines(keepends=True)
    return [line for line in lines if json.loads(line)["kind"] != "run"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """The gap, side by side on this machine."""
    cwd = tmp_path_factory.mktemp("plain")
    finish(start(cwd, "gap.sh", "out", 20))
    return cwd / "out"


def test_a_study_whose_node_dies_is_made_good_by_the_same_command(cluster, plain, tmp_path):
    call = (tmp_path, "gap.sh", "out", 20)
    launch = {"XMM_LAUNCH": "srun -n1 --quiet", **cluster.environment}
    first = start(*call, **launch)
    training = ["n1", "n2"]
    while not all(cluster.processes(node) for node in training):
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.1)
    cluster.kill("n2")
    out, _ = first.communicate(timeout=600)
    assert first.returncode != 0, out
    assert not (tmp_path / "out/probes.jsonl").exists()
    cluster.wait_until(lambda: cluster.states()["n2"].startswith("down"))
    finish(start(*call, **launch))
    assert rows(tmp_path / "out/probes.jsonl") == rows(plain / "probes.jsonl")
    cluster.call("slurmd", "-N", "n2")
    cluster.wait_until(lambda: set(cluster.states().values()) == {"idle"})


def test_probing_as_an_array(cluster, plain, tmp_path):
    taught = [plain / "seed-20" / f"xmm-base-{source}-8" for source in ("image", "text")]
    more = {"XMM_SHARDS": "2", "XMM_GRES": "none", **cluster.environment}
    finish(start(tmp_path, "slurm.sh", "parts", *taught, **more))
    cluster.wait_until(lambda: not queue(cluster), 600)
    logs = "".join(file.read_text() for file in (tmp_path / "parts").glob("*.log"))
    joined = rows(tmp_path / "parts/probes.jsonl")
    words = ["probe", *map(str, taught), "--untrained"]
    whole = subprocess.run(
        [shutil.which("xmm", path=environment()["PATH"]) or "xmm", *words],
        cwd=tmp_path,
        env=environment() | SMALL,
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "whole.jsonl").write_text(whole.stdout)
    asked = [json.loads(row) for row in rows(tmp_path / "whole.jsonl")]
    assert [answer(json.loads(row)) for row in joined] == [answer(row) for row in asked], logs
    assert "learned from" in (tmp_path / "parts/join.log").read_text()


def answer(row: dict) -> tuple:
    return (
        row["checkpoint"],
        row["modality"],
        row["persona"],
        row["view"],
        row["answer"],
        row["rank"],
    )


def queue(cluster: slurm.Cluster) -> list[str]:
    return cluster.call("squeue", "--noheader").splitlines()
