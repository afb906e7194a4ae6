"""The short form of `python -m tests.fuzz`."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import engine, targets, watch
from tests.fuzz.watch import Hang, Hurt, watched
from xmm_cli.console import harmless
from xmm_cli.errors import InputNotFound
from xmm_cli.personas.importing import IMPORTERS
from xmm_cli.rows.pictures import read_picture

SHORT = {"read": 600, "adapter": 40, "people": 40, "score_command": 6, "report_command": 12}
SHORT |= dict.fromkeys(IMPORTERS.names(), 40)


@pytest.fixture(scope="module", autouse=True)
def ready():
    targets.ready()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.__name__)
def test_bad_input_is_refused_or_harmless(target, tmp_path):
    before = engine.peak_mib()
    for number in range(SHORT.get(target.__name__, 80)):
        engine.run(target, 0, number, tmp_path)
    assert engine.peak_mib() - before < engine.GROWTH_MIB


@given(st.text())
def test_no_text_steers_a_terminal(text):
    assert not targets.CONTROLS.search(harmless(text).replace("\n", "\x00"))


def test_a_picture_of_another_format_is_not_given_to_another_program(tmp_path):
    """Pillow would run Ghostscript for it."""
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with watched(tmp_path), pytest.raises(InputNotFound, match="cannot be read"):
        read_picture(path)


def test_a_small_file_that_unfolds_to_a_large_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(targets.png(9_000, 9_000, b""))
    with pytest.raises(InputNotFound, match="9000 x 9000 pixels; it may have 50,000,000"):
        read_picture(path)


@pytest.mark.parametrize(
    "harm",
    [
        lambda home: (home.parent / "beside").write_text(""),
        lambda home: __import__("subprocess").run(["true"], check=True),
        lambda home: __import__("pickle").loads(b"cos\ngetpid\n."),
        lambda home: home.rename(home.with_name("moved")),
    ],
    ids=["a file outside", "a program", "a pickle", "a folder moved"],
)
def test_the_watch_sees_harm(tmp_path, harm):
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(Hurt), watched(home):
        harm(home)


def compute() -> None:
    while True:
        pass


@pytest.mark.parametrize("hang", [compute, lambda: time.sleep(60)], ids=["busy", "waiting"])
def test_the_watch_sees_a_hang(tmp_path, monkeypatch, hang):
    monkeypatch.setattr(watch, "BUSY_S", 0.05)
    monkeypatch.setattr(watch, "HANGS_AFTER_S", 0.5)
    with pytest.raises(Hang), watched(tmp_path):
        hang()
