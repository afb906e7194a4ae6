"""One run at a time for one target, and no lock that outlives its run."""

import signal
import subprocess
import sys

import pytest

from tests.scale.conftest import environment
from xmm_cli.errors import CannotWrite
from xmm_cli.rows.lock import claimed

HOLD = """
import sys, time
from pathlib import Path
from xmm_cli.rows.lock import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def held(tmp_path):
    """A folder that another process has claimed, and that process."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "run"], stdout=subprocess.PIPE, env=environment()
    )
    assert other.stdout.readline() == b"held\n"
    yield tmp_path / "run", other
    other.kill()
    other.wait()


def test_the_second_is_refused_and_a_killed_one_leaves_no_lock(held):
    folder, other = held
    with pytest.raises(CannotWrite, match="run: another run is writing to it"), claimed(folder):
        pass
    other.send_signal(signal.SIGKILL)
    other.wait()
    with claimed(folder):
        assert [path.name for path in folder.parent.iterdir()] == [".run.lock"]
    assert list(folder.parent.iterdir()) == []


def test_what_a_killed_run_was_making_is_removed(tmp_path):
    for name in (".run.0123abcd.tmp", ".run.r1.partial", ".other.0123abcd.tmp"):
        (tmp_path / name).mkdir()
    with claimed(tmp_path / "run"):
        pass
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".other.0123abcd.tmp", ".run.r1.partial"]


def test_where_no_lock_can_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="File exists"), claimed(tmp_path / "file/run"):
        pass
