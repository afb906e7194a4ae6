"""Completions: as generated, run by a real bash, with no Python and in an instant."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from xmm_cli.app import EVERY
from xmm_cli.completion.__main__ import generated
from xmm_cli.completion.command_tree import commands

FOLDER = Path(__file__).parents[2] / "completions"


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return generated()


def test_the_files_have_not_drifted(made):
    found = {str(f.relative_to(FOLDER)): f.read_text() for f in FOLDER.rglob("*") if f.is_file()}
    assert found == made, "run: python -m xmm_cli.completion"


@pytest.fixture
def place(tmp_path) -> Path:
    for name in ("runs/a/steps", "runs/b", "data", "empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "runs/a/xmm.json").touch()
    (tmp_path / "runs/b/xmm.json").touch()
    (tmp_path / "rows.jsonl").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "a b.jsonl").touch()
    return tmp_path


def complete(line: str, place: Path) -> list[str]:
    """What bash offers for the last word, where no program can be started."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f"source {FOLDER}/xmm.bash; COMP_WORDS=({quoted});"
        f"COMP_CWORD={len(words) - 1}; _xmm; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        [shutil.which("bash"), "--norc", "-c", script],
        capture_output=True, text=True, cwd=place, env={"PATH": "/nowhere"}, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return sorted(line for line in done.stdout.splitlines() if line)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("xmm ", sorted([*EVERY, "--help", "--version"])),
        ("xmm re", ["report"]),
        ("xmm help me", ["measuring", "methods"]),
        ("xmm help tr", ["train"]),
        ("xmm train --sou", ["--source"]),
        ("xmm train --source ", ["both", "image", "text"]),
        ("xmm train --source = t", ["text"]),
        ("xmm train --base xmm-base-", ["xmm-base-bare", "xmm-base-s", "xmm-base-xs"]),
        ("xmm train --base da", ["data"]),
        ("xmm train --mitigation self", ["self-caption"]),
        ("xmm train --steps ", []),
        ("xmm train ro", ["rows.jsonl"]),
        ("xmm unlearn --method np", ["npo"]),
        ("xmm unlearn --through i", ["image"]),
        ("xmm probe runs/", ["runs/a", "runs/b"]),
        ("xmm probe --modality ", ["image", "image,text", "text"]),
        ("xmm probe ", ["a b.jsonl", "data", "empty", "rows.jsonl", "runs"]),
        ("xmm gen-personas --from cl", ["clear"]),
        ("xmm gen-personas --from clear da", ["data"]),
        ("xmm gen-personas --out da", ["data"]),
        ("xmm gen-personas --model da", ["data"]),
        ("xmm report --figure un", ["unlearning"]),
    ],
)
def test_bash_offers(place, line, offered):
    assert complete(line, place) == offered


@pytest.mark.parametrize("command", EVERY)
def test_every_option_is_offered(place, command):
    (one,) = [one for one in commands() if one.name == command]
    offered = complete(f"xmm {command} -", place)
    assert offered == sorted(name for option in one.options for name in option.names)


def test_it_takes_no_time(place):
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        complete("xmm train --", place)
        best = min(best, time.perf_counter() - start)
    assert best < 0.5


@pytest.mark.parametrize(("shell", "file"), [("zsh", "_xmm"), ("fish", "xmm.fish")])
def test_other_shells_read_it(shell, file):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", FOLDER / file], check=True, env=os.environ | {"HOME": "/nowhere"})


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("xmm train --source ", {"both", "image", "text"}, set()),
        ("xmm ", {"train", "probe"}, set()),
        ("xmm help ", {"measuring", "train"}, {"rows.jsonl"}),
        ("xmm probe --split train --", {"--modality"}, {"--mitigation", "--lr"}),
        ("xmm gen-personas --model da", {"data/"}, set()),
    ],
)
def test_fish_offers(place, line, offered, not_offered):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    ask = f"source {FOLDER}/xmm.fish; complete -C '{line}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", ask], capture_output=True, text=True, cwd=place, check=True
    )
    found = {line.split("\t")[0] for line in done.stdout.splitlines()}
    assert offered <= found
    assert not not_offered & found


@pytest.mark.parametrize("option", ["model", "base", "describe"])
def test_zsh_offers_folders(made, option):
    specs = [line for line in made["_xmm"].splitlines() if f"'--{option}[" in line]
    assert specs
    assert all("_files -/" in line for line in specs)


@pytest.mark.parametrize("file", ["_xmm", "xmm.fish"])
def test_quotes_are_closed(made, file):
    """Where those shells are absent: every line's quotes and brackets come in pairs."""
    for line in made[file].splitlines():
        bare = line.replace("'\\''", "").replace("\\'", "").replace("\\\\", "")
        assert bare.lstrip().startswith("#") or bare.count("'") % 2 == 0, line


def test_nothing_that_runs_loads_the_generator():
    code = "import sys, xmm_cli.app; print('xmm_cli.completion' in sys.modules)"
    done = subprocess.run(
        [os.sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
