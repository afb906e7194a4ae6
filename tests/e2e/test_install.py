"""`examples/install.sh`: what is installed, and where, with stubs for Python and xmm."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PYTHON = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
case "$1 $2" in
  '-c import xmm_cli'*) exit 1 ;;
  '-m venv')
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    echo "export VIRTUAL_ENV='$3' PATH='$3/bin':\\$PATH" >"$3/bin/activate"
    ;;
esac
"""
"""Writes down how it was called; no package is there, and making an environment works."""


@pytest.fixture
def place(tmp_path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "xmm" / "examples")
    (tmp_path / "bin").mkdir()
    for name, text in {"python": PYTHON, "python3": PYTHON, "xmm": "#!/bin/sh\n"}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def called(place: Path, script: str, *words: str, **active: str) -> list[str]:
    """The calls of Python that a script makes; it may fail, since nothing is drawn."""
    keep = {"PATH": f"{place}/bin{os.pathsep}{os.environ['PATH']}", "CALLS": f"{place}/calls"}
    subprocess.run(
        ["bash", "-c", f"cd '{place}/xmm' && . {script}", script, *words],
        env=keep | active, capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    return (place / "calls").read_text().splitlines()


def installed(calls: list[str]) -> str:
    (found,) = [call.rpartition(" -e ")[2] for call in calls if call.startswith("-m pip install")]
    return found


@pytest.mark.parametrize("script", ["examples/quickstart.sh", "examples/gap.sh"])
def test_a_folder_of_results_is_no_extra(place, script):
    subprocess.run(
        ["bash", place / "xmm" / script, "results/q"],
        env={"PATH": f"{place}/bin{os.pathsep}{os.environ['PATH']}", "CALLS": f"{place}/calls"},
        cwd=place, capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert installed((place / "calls").read_text().splitlines()) == f"{place}/xmm"


def test_extras_are_installed(place):
    assert installed(called(place, "examples/install.sh '[dev]'")) == f"{place}/xmm[dev]"


@pytest.mark.parametrize(
    ("active", "made"),
    [
        ({}, True),
        ({"CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": "base"}, True),
        ({"CONDA_PREFIX": "/conda/envs/mine", "CONDA_DEFAULT_ENV": "mine"}, False),
        ({"VIRTUAL_ENV": "/mine"}, False),
        ({"VIRTUAL_ENV": "/m", "CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": "base"}, False),
    ],
)
def test_where_it_is_installed(place, active, made):
    calls = called(place, "examples/install.sh ''", **active)
    assert any(call.startswith("-m venv") for call in calls) is made
