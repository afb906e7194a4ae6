"""What is said goes to stderr, harmless, and as loud as was asked for."""

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli import console
from xmm_cli.console import Console, duration, harmless


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Plain(Terminal):
    def isatty(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@given(st.text(st.characters()))
def test_nothing_said_can_drive_the_terminal(text):
    shown = harmless(text)
    assert len(shown.splitlines()) <= 1
    assert all(character.isprintable() or character.isspace() for character in ascii(shown))
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    shown.encode()


def test_control_characters_are_written_out():
    assert harmless("a\x1b[31m\nb\u202e\udc80é[red]") == r"a\x1b[31m\nb\u202e\udc80é[red]"


def test_quiet_leaves_warnings_and_errors():
    stream = Plain()
    say = Console(stream)
    say.quiet = True
    say.note("note")
    with say.progress(2, "working", "steps") as bar:
        bar.advance(2)
    say.warn("careful")
    say.error("broken")
    assert stream.getvalue() == "warning: careful\nbroken\n"


def test_colour_only_on_a_terminal_and_without_no_color(monkeypatch):
    terminal = Terminal()
    Console(terminal).error("broken")
    assert terminal.getvalue() == "\x1b[31mbroken\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    Console(terminal).error("broken")
    assert terminal.getvalue() == "broken\n"


def test_everything_goes_to_stderr(capsys):
    console.say.note("hello")
    got = capsys.readouterr()
    assert got.out == ""
    assert got.err == "hello\n"


def test_a_stream_that_cannot_show_it_gets_a_like_letter_or_an_escape():
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(ascii_only).note("é Ж")
    assert ascii_only.buffer.getvalue() == b"e \\u0416\n"


def test_a_broken_stderr_does_not_end_the_work(monkeypatch):
    stream = Plain()
    say = Console(stream)
    stream.close()
    say.note("hello")
    with say.progress(1, "working", "steps") as bar:
        bar.advance()
    monkeypatch.setattr("sys.stderr", None)
    Console().error("hello")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(console.time, "monotonic", made)
    return made


def test_plain_progress_is_a_line_now_and_then(clock):
    stream = Plain()
    rows = []
    for row in Console(stream).progress(range(12), "probing", "rows"):
        clock.now += 1
        rows.append(row)
    assert rows == list(range(12))
    assert stream.getvalue().splitlines() == [
        "probing: 5/12 rows (41 %), 1/s, 7 s left",
        "probing: 10/12 rows (83 %), 1/s, 2 s left",
        "probing: 12/12 rows (100 %), in 12 s",
    ]


def test_short_work_says_nothing():
    stream = Plain()
    assert list(Console(stream).progress(["a", "b"], "probing", "rows")) == ["a", "b"]
    assert stream.getvalue() == ""


def test_progress_moved_by_hand_and_without_a_total(clock):
    stream = Plain()
    say = Console(stream)
    with say.progress(4, "training", "steps") as bar:
        clock.now += 6
        bar.advance(2, info="loss 0.5\x07")
        clock.now += 2
        bar.advance(2)
    with say.progress(iter("abc"), "reading", "rows") as bar:
        clock.now += 200
        bar.advance(3)
    assert stream.getvalue().splitlines() == [
        r"training: 2/4 steps (50 %), 0.333/s, 6 s left, loss 0.5\x07",
        r"training: 4/4 steps (100 %), in 8 s, loss 0.5\x07",
        "reading: 3 rows, in 3 min 20 s",
    ]
    with pytest.raises(TypeError):
        iter(say.progress(3, "x", "y")).__next__()


def test_an_empty_total_divides_nothing(clock):
    bar = Console(Plain()).progress([], "probing", "rows")
    assert bar.describe() == "probing: 0/0 rows, in 0 s"


def test_a_live_bar_reads_no_markup_and_lets_notes_through():
    terminal = Terminal()
    say = Console(terminal)
    with say.progress(2, "[red]a[/red]", "steps") as bar:
        bar.advance(info="[bold]\x1b]0;evil\x07")
        say.note("in between [/oops]")
        assert list(say.progress([1], "inner", "steps")) == [1]
        bar.advance()
    shown = terminal.getvalue()
    assert "in between [/oops]" in shown
    assert "[red]a[/red]" in shown
    assert "\x1b]0;" not in shown


def test_durations():
    assert [duration(value) for value in (0.2, 59, 200, 7500)] == [
        "0 s",
        "59 s",
        "3 min 20 s",
        "2 h 5 min",
    ]


def test_rich_is_not_imported_without_a_terminal():
    code = (
        "import sys; from xmm_cli.console import say; say.error('x');"
        "list(say.progress([1], 'a', 'b')); sys.exit('rich' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert run.returncode == 0
