"""The queries that users are shown run as they stand, and each finds something."""

import re
import subprocess
import sys

import pytest

from xmm_cli.guide import page
from xmm_cli.reporting.sql import ask
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Trace
from xmm_cli.rows.writer import encode

from ..scoring import people
from .scores import score

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(kind):
    """The blocks of this language on the guide's page about SQL."""
    return [body for name, body in BLOCK.findall(page("sql")) if name == kind]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    run = RunRecorder("probe", {"seed": 1}, seed=1).row()
    trained = list(people.study(persons=6, condition={"views": 4}))
    lost = {cell: 0.0 if len(set(cell)) == 2 else 1.0 for cell in people.USUAL if cell[0]}
    trained += people.study(persons=6, recalls=lost, condition={"views": 8}, set="forget")
    trained += people.study(persons=6, recalls=lost, condition={"views": 8}, set="retain")
    trace = Trace(checkpoint="runs/image", base="shipped", source="image", measure="decodable",
                  layer=2, layers=4, modality="text", persona="p0", value=0.5, n=4)  # fmt: skip
    made = [*trained, score("transfer_gap", "image", "text", 0.4, (0.2, 0.6)), trace]
    lines = [encode(row) for row in made]
    lines += [line.replace(b'"run":null', f'"run":"{run.id}"'.encode()) for line in lines[:8]]
    lines += [encode(run)]
    none = {"correct": False, "condition": {"views": 2}, "checkpoint": "runs/none"}
    both = [people.probe(modality=one, answer="Bo", **none) for one in ("image", "text")]
    lines += [encode(row) for row in both]
    (folder / "results.jsonl").write_bytes(b"".join(lines))
    return folder


@pytest.mark.parametrize("query", blocks("sql"))
def test_a_query_finds_something(results, query):
    assert ask(query, [str(results / "results.jsonl")]).rows


def test_there_are_queries():
    assert len(blocks("sql")) >= 8
    assert blocks("python")


@pytest.mark.parametrize("code", [one for one in blocks("python") if "duckdb" in one])
def test_plain_duckdb(results, code):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=results, capture_output=True, text=True, check=True
    )
    assert "recall" in done.stdout
    assert "image" in done.stdout
