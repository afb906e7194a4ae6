"""Help: there for every command, at once, with examples that work as they stand.

Make the files anew with `XMM_GOLDEN=write pytest tests/contract`, and read the difference.
"""

import os
import re
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.forked import start
from xmm_cli import app
from xmm_cli.app import COMMANDS
from xmm_cli.flags import PANELS

GOLDEN = Path(__file__).parent / "golden"
HEAVY = {"torch", "transformers", "peft", "diffusers", "duckdb", "scipy", "matplotlib", "PIL"}
EVERYWHERE = {"--quiet", "--help"}
NO_SEED = {"report"}
each = pytest.mark.parametrize("command", COMMANDS)


@pytest.fixture
def help_of(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")

    def call(*command: str) -> str:
        assert app.main([*command, "--help"]) == 0
        got = capsys.readouterr()
        assert got.err == ""
        return got.out

    return call


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_against_file(help_of, command):
    file = GOLDEN / f"{command or 'xmm'}.txt"
    text = help_of(*([command] if command else []))
    if os.environ.get("XMM_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_there_is_a_file_for_each_command_and_no_other():
    assert {file.stem for file in GOLDEN.iterdir()} == {"xmm", *COMMANDS}


@pytest.mark.parametrize("width", [None, 40, 60, 80, 120])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_terminal(command, width):
    """Into a pipe; where nothing says how wide, in 80 columns."""
    known = {name: value for name, value in start.environment().items() if name != "COLUMNS"}
    wide = {} if width is None else {"COLUMNS": str(width)}
    words = [command, "--help"] if command else ["--help"]
    done = subprocess.run(
        [start.xmm(), *words], capture_output=True, text=True, check=True, env=known | wide
    )
    assert [line for line in done.stdout.splitlines() if len(line) > (width or 80)] == []
    assert "\x1b" not in done.stdout
    if command:
        assert shown_examples(done.stdout) == lines_of(app.load(command).epilog)


def shown_examples(text: str) -> list[list[str]]:
    """The words of each example in a help, lines that go on joined as a shell joins them."""
    shown = text.partition("\nExamples:\n")[2].partition("\n\n")[0].replace("\\\n", "")
    return [words(line) for line in re.split(r"\n  (?! )", shown)]


def lines_of(epilog: str) -> list[list[str]]:
    """The words of each example as it is written."""
    lines = epilog.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    return [words(line) for line in lines]


def words(line: str) -> list[str]:
    """What a shell reads; in a quoted program, SQL or jq, a space is as good as several."""
    return [" ".join(word.split()) for word in shlex.split(line)]


@each
def test_options_stand_in_panels_each_once(help_of, command):
    _, *panels = re.split(r"\n\n(?=[A-Z][a-z ]+:\n)", help_of(command).partition("Examples:")[0])
    titles = [panel.partition(":")[0] for panel in panels if not panel.startswith("Arguments")]
    assert titles == [title for title in PANELS if title in titles]
    assert len(titles) > 2
    assert titles[-1] == "Common"


@pytest.mark.parametrize("width", [1, 20])
def test_even_where_no_word_fits(help_of, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(len, help_of("train").splitlines())) <= 40


@each
def test_every_option_is_explained(command):
    for option in app.load(command).params:
        assert (option.help or "").endswith("."), option.opts


@each
def test_what_every_command_has(command):
    options = {name for option in app.load(command).params for name in option.opts}
    assert options >= EVERYWHERE - {"--help"}
    assert ("--seed" in options) == (command not in NO_SEED)


def examples_of(command: str) -> list[list[str]]:
    """The `xmm …` calls in a command's examples, as words."""
    text = app.load(command).epilog
    found = []
    text = text.replace("$s", "text")
    for line in text.partition("Examples:\n")[2].partition("\n\n")[0].splitlines():
        words = list(shlex.shlex(line, posix=True, punctuation_chars="|;>&"))
        for separates, part in groupby(words, key=lambda word: word[0] in "|;>&" or word == "do"):
            call = list(part)
            if not separates and call[0] == "xmm":
                found.append(call[1:])
    return found


@each
def test_there_are_examples(help_of, command):
    assert "\nExamples:\n  xmm " in help_of(command)
    assert sum(words[0] == command for words in examples_of(command)) >= 2


@each
def test_examples_use_options_that_are_there(command):
    for words in examples_of(command):
        parser = app.load(words[0])
        parser.make_context(words[0], words[1:], resilient_parsing=False)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_loads_nothing_heavy(command):
    code = (
        "import sys; from xmm_cli.app import main; code = main(sys.argv[1:]);"
        f"print(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    words = [command, "--help"] if command else ["--help"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""
    assert done.stdout.startswith("Usage: xmm")
