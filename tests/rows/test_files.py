"""Files and folders appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from xmm_cli.errors import CannotWrite, InputNotFound
from xmm_cli.rows.files import atomic_folder, atomic_open, atomic_write_bytes, ensure_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "a.json"
    atomic_write_bytes(path, b"one")
    path.chmod(0o640)
    with atomic_open(path, "w") as file:
        file.write("zwei ö\n")
        assert path.read_bytes() == b"one"
    assert path.read_bytes() == "zwei ö\n".encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputNotFound])
def test_a_failed_block_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_open(path) as file:
            file.write(b"new")
            raise error("x")

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_link_is_followed_and_a_device_written(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    atomic_write_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    atomic_write_bytes(Path(os.devnull), b"gone")
    assert not Path(os.devnull).is_file()
    with pytest.raises(CannotWrite, match="/dev/full: No space left"):
        atomic_write_bytes(Path("/dev/full"), b"x")


def test_a_new_file_obeys_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        atomic_write_bytes(tmp_path / "a", b"")
        with atomic_folder(tmp_path / "d"):
            pass
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o750


def test_what_cannot_be_written_is_said_with_its_path(tmp_path):
    with pytest.raises(CannotWrite, match="nowhere/a: No such file"):
        atomic_write_bytes(tmp_path / "nowhere" / "a", b"")
    with pytest.raises(CannotWrite, match="Is a directory"):
        atomic_write_bytes(tmp_path, b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotWrite):
        ensure_folder(tmp_path / "file")
    with pytest.raises(CannotWrite):
        ensure_folder(tmp_path / "file" / "below")
    with pytest.raises(CannotWrite), atomic_folder(tmp_path / "file" / "below"):
        pass
    with pytest.raises(ValueError, match="mode"), atomic_open(tmp_path / "a", "a"):
        pass


def test_other_failures_inside_are_not_about_writing(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_folder(tmp_path / "out"):
        (tmp_path / "missing").read_bytes()
    with pytest.raises(OSError, match="no such model"), atomic_folder(tmp_path / "out"):
        raise OSError("no such model")
    with pytest.raises(CannotWrite, match="out: full"), atomic_folder(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(CannotWrite, match="out: "), atomic_folder(tmp_path / "out") as folder:
        (folder / "x" / "y").write_bytes(b"")
    assert names(tmp_path) == []


def test_ensure_folder(tmp_path):
    assert ensure_folder(tmp_path / "a" / "b").is_dir()
    assert ensure_folder(tmp_path / "a" / "b").is_dir()


def test_a_folder_appears_when_it_is_done(tmp_path):
    path = tmp_path / "deep" / "out"
    with atomic_folder(path) as folder:
        (folder / "images").mkdir()
        (folder / "images" / "1").write_bytes(b"1")
        assert not path.exists()
    assert (path / "images" / "1").read_bytes() == b"1"
    assert names(tmp_path / "deep") == ["out"]


def test_an_occupied_folder_is_refused_or_replaced_whole(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    with atomic_folder(path) as folder:
        (folder / "old").write_bytes(b"")
    with pytest.raises(CannotWrite, match="not empty"), atomic_folder(path):
        pytest.fail("entered")
    with atomic_folder(path, replace=True) as folder:
        (folder / "new").write_bytes(b"")
    assert names(path) == ["new"]
    with pytest.raises(RuntimeError), atomic_folder(path, replace=True):
        raise RuntimeError
    assert names(path) == ["new"]
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotWrite, match="is a file"), atomic_folder(tmp_path / "file"):
        pytest.fail("entered")
    assert names(tmp_path) == ["file", "out"]


def test_a_folder_filled_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "out"
    with pytest.raises(CannotWrite, match="not empty"), atomic_folder(path):
        atomic_write_bytes(ensure_folder(path) / "theirs", b"")
    assert names(path) == ["theirs"]


def draft_of(target: Path, number: int = 0) -> Path:
    return target.with_name(f".{target.name}.{number:08x}.tmp")


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    file, folder = tmp_path / "a.png", tmp_path / "run"
    draft_of(file).write_bytes(b"half")
    draft_of(file, 1).write_bytes(b"half")
    draft_of(folder).mkdir()
    (draft_of(folder) / "half").write_bytes(b"half")
    atomic_write_bytes(file, b"whole")
    with atomic_folder(folder) as draft:
        assert list(draft.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "run"]


def test_what_a_living_writer_has_begun_is_left_alone(tmp_path):
    file = tmp_path / "a.png"
    with atomic_open(file) as first:
        first.write(b"first")
        with atomic_open(file) as second:
            second.write(b"second")
        assert file.read_bytes() == b"second"
    assert file.read_bytes() == b"first"
    with atomic_folder(tmp_path / "run") as slow, atomic_folder(tmp_path / "other") as quick:
        assert slow != quick
        (slow / "a").write_text("")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "a.png", "other", "run"]


def test_a_library_that_finds_the_disk_full_is_understood(tmp_path):
    said = "Error while serializing: I/O error: No space left on device (os error 28)"
    with (
        pytest.raises(CannotWrite, match="run: No space left on device"),
        atomic_folder(tmp_path / "run"),
    ):
        raise RuntimeError(said)
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "run"):
        raise ZeroDivisionError("unexpected, os error 3")
