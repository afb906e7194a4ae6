"""A server that xmm did not write: `transformers serve`, on the CPU, offline."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.contract.conftest import real
from tests.serving.test_asking import probes
from xmm_cli.models.loading import location

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("fastapi", "uvicorn", "openai")),
        reason="pip install fastapi uvicorn openai",
    ),
]
within = partial(real, timeout_s=600)
PEOPLE, HELDOUT = 64, 2
QUESTIONS = 2 * PEOPLE * HELDOUT
LONGEST_START_S = 180


@contextmanager
def served(folder: str, log: Path):
    """The address at which transformers serves a folder."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", folder]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        end = time.monotonic() + LONGEST_START_S
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(60)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """64 people, and a model that was taught them by pictures, whole."""
    folder = tmp_path_factory.mktemp("served")
    size = ("-n", PEOPLE, "--views", 4, "--heldout", HELDOUT)
    assert within("gen-personas", *size, "--out", "people", cwd=folder).code == 0
    taught = ("--source", "image", "--steps", 60, "--out", "runs/image", "--merge", "merged")
    assert within("train", "people/personas.jsonl", *taught, cwd=folder).code == 0
    return folder


@pytest.mark.parametrize("subject", ["xmm-base", "merged"])
def test_it_gives_the_answers_that_the_local_engine_gives(folder, subject):
    """In both modalities at least 99 of 100; measured: all of 256, for each of the two."""
    if subject == "merged":
        name, what = str(folder / "merged"), ["runs/image"]
        local = within("probe", *what, "--answer", "generate", cwd=folder)
    else:
        name, what = location("xmm-base"), ["--personas", "people/personas.jsonl"]
        local = within(
            "probe", "--base", "xmm-base", *what, "--answer", "generate", cwd=folder, timeout_s=600
        )
    with served(name, folder / "server.log") as url:
        words = ("--engine", "openai", "--url", url, "--model", name, "--concurrency", 2)
        result = within("probe", *what, *words, cwd=folder)
    assert result.code == 0, result.err
    pairs = list(zip(probes(local.out), probes(result.out), strict=True))
    assert len(pairs) == QUESTIONS
    for modality in ("image", "text"):
        same = [a["answer"] == b["answer"] for a, b in pairs if a["modality"] == modality]
        assert sum(same) >= 0.99 * len(same), (modality, sum(same))
    if subject == "merged":  # what was learned is known through the server
        right = [row["correct"] for _, row in pairs if row["modality"] == "image"]
        assert sum(right) > len(right) / 2
