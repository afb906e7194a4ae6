"""Memory stays flat as rows grow tenfold: the most that a command of its own ever had."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.contract.conftest import probe_row
from xmm_cli.rows.writer import encode

pytestmark = pytest.mark.slow

PEAK = """
import resource, sys
from xmm_cli.app import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""
PERSONS = 50


def peak_mib(*words: object) -> float:
    """Run a command on its own; the most memory that it had, MiB."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *[str(word) for word in words], "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1]) / 1024


def answers(folder: Path, count: int) -> Path:
    """So many probe rows about the same people: as when seeds are added to a study."""
    path = folder / f"{count}.jsonl"
    with path.open("wb") as file:
        for number in range(count):
            source = ("image", "text")[number // 2 % 2]
            who = f"e0-{number // 4 % PERSONS:03d}"
            row = probe_row(number, persona=who, source=source, view=number // (4 * PERSONS))
            file.write(encode(row))
    return path


@pytest.mark.parametrize("command", ["score", "report"])
def test_rows_grow_tenfold(tmp_path, command):
    few, many = (peak_mib(command, answers(tmp_path, count)) for count in (20_000, 200_000))
    assert many < 1.1 * few + 4, (few, many)


def stream_of_people(folder: Path, views: int) -> Path:
    """Four people with so many held-out descriptions each, no two alike."""
    path = folder / f"people-{views}.jsonl"
    persona = {"kind": "persona", "role": "eval", "attributes": {}, "facts": {}, "images": []}
    with path.open("wb") as file:
        for number in range(4):
            texts = [
                {"text": f"Someone with red hair, seen {view} times.", "view": view}
                for view in range(views)
            ]
            held = [text | {"split": "heldout"} for text in texts]
            who = {"id": f"e0-{number:03d}", "name": f"Ann Lee{'abcd'[number]}", "texts": held}
            file.write(msgspec.json.encode(persona | who) + b"\n")
    return path


def test_questions_grow_tenfold(tmp_path):
    """100 and 1000 questions. What is kept of each is its words, and of the newest their tokens."""
    words = ("--base", "xmm-base-xs", "--modality", "text", "--answer", "rank", "--batch-size", 8)
    few, many = (
        peak_mib("probe", "--personas", stream_of_people(tmp_path, views), *words)
        for views in (25, 250)
    )
    assert many < 1.05 * few + 8, (few, many)


def longer_answers(log: Path, bytes_each: int) -> Path:
    """The same log, as of a model that does not stop."""
    path = log.with_name(f"log-{bytes_each}.jsonl")
    with log.open("rb") as lines, path.open("wb") as file:
        for line in lines:
            row = msgspec.json.decode(line)
            longer = {"answer": "x" * bytes_each} if row["kind"] == "probe" else {}
            file.write(msgspec.json.encode(row | longer) + b"\n")
    return path


def test_a_resumed_log_grows_tenfold(tmp_path):
    """8 and 80 MB, in which every row is there already."""
    words = ("probe", "--personas", stream_of_people(tmp_path, 20), "--base", "xmm-base-xs")
    words = (*words, "--modality", "text", "--answer", "generate", "--max-new-tokens", 1)
    log = tmp_path / "log.jsonl"
    peak_mib(*words, "--resume", log)
    few, many = longer_answers(log, 100_000), longer_answers(log, 1_000_000)
    sizes = [file.stat().st_size for file in (few, many)]
    peaks = [peak_mib(*words, "--resume", file) for file in (few, many)]
    assert sizes == [file.stat().st_size for file in (few, many)]
    assert peaks[1] < peaks[0] + 16, peaks
