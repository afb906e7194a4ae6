"""Nowhere to write: a full disk, a limit on file sizes, folders that only can be read."""

import shutil
import subprocess

import pytest

from tests.faults.harness import COMMANDS, Broken, rows_of, run, tree

MAKING = [command for command in COMMANDS if command.name in ("gen-personas", "train", "unlearn")]
each = pytest.mark.parametrize("command", MAKING, ids=lambda command: command.name)
TARGET = {"gen-personas": "made", "train": "runs", "unlearn": "runs"}
LIMITS = {"gen-personas": [300], "train": [5_000, 80_000, 300_000], "unlearn": [80_000, 300_000]}
SMALL_KIB = {"gen-personas": 8, "train": 600, "unlearn": 600}


@pytest.mark.parametrize(
    ("command", "limit"),
    [(command, limit) for command in MAKING for limit in LIMITS[command.name]],
    ids=lambda one: getattr(one, "name", one),
)
def test_a_limit_on_the_size_of_files(trial, command, limit):
    """It falls into the middle of a picture, of the weights, of the optimiser's state."""
    ended = trial.once(command, file_bytes=limit)
    assert ended.code == 73, ended.err
    assert ended.err.count("\n") == 1
    assert "defect" not in ended.err
    assert [name for name in ended.files if name.endswith(".tmp")] == []
    assert f"{TARGET[command.name]}/{command.name}/" not in ended.files


@each
def test_a_full_disk_and_then_room(trial, command):
    """What was made is whole; with room, the same command ends as if nothing had been."""
    _, files, rows = trial.undisturbed(command)
    with trial.fresh(command) as cwd, mounted(cwd / TARGET[command.name], command) as disk:
        code, _ = run(command, cwd, wait_for_children=True)
        said = cwd.with_suffix(".err").read_text()
        assert (code, said.count("\n")) == (73, 1), said
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        code, _ = run(command, cwd, wait_for_children=True)
        assert code == 0, cwd.with_suffix(".err").read_text()
        assert (tree(cwd), rows_of(cwd)) == (files, rows)


@each
def test_a_folder_that_can_only_be_read(trial, command):
    with trial.fresh(command) as cwd, mounted(cwd / TARGET[command.name], command) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        code, _ = run(command, cwd)
        said = cwd.with_suffix(".err").read_text()
        assert (code, said.count("\n")) == (73, 1), said
        assert "Read-only file system" in said


class mounted:
    """A small disk of its own, where the machine lets us have one."""

    def __init__(self, place, command):
        self.place, self.size = place, SMALL_KIB[command.name]

    def __enter__(self):
        self.place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={self.size}k", "none", str(self.place)]
        if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
            pytest.skip("this machine mounts nothing for us")
        return self.place

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.place)], check=True)


def test_the_harness_sees_what_is_broken(trial, rng):
    """Rows of another run are no success."""
    score = COMMANDS[-1]
    _, files, rows = trial.undisturbed(score)
    with trial.fresh(score) as cwd:
        run(score, cwd)
        assert trial.differs(0, cwd, files, rows) == ""
        assert "other rows" in trial.differs(0, cwd, files, rows[1:])
        (cwd / ".left.tmp").write_text("")
        assert ".left.tmp" in trial.differs(0, cwd, files, rows)
        with pytest.raises(Broken):
            trial.check_killed(0, cwd, rows[1:])
