"""`xmm help`: a topic in a pipe, on a terminal, and what is said of one that is not there."""

import os
import pty
import re
import subprocess
import sys

import pytest

from xmm_cli import app
from xmm_cli.guide import TOPICS, page, summary
from xmm_cli.guide.tables import tables_to_lists, widths
from xmm_cli.guide.topic import rendered

HEAVY = {"torch", "transformers", "peft", "duckdb", "scipy", "numpy", "matplotlib"}


@pytest.fixture
def xmm(monkeypatch, capsys):
    def call(*arguments: str, columns: int = 80) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        code = app.main(arguments)
        got = capsys.readouterr()
        return code, got.out, got.err

    return call


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_in_a_pipe(xmm, topic, columns):
    code, out, err = xmm("help", topic, columns=columns)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert [line for line in out.splitlines() if len(line) > columns] == []
    assert " ".join(out.split()).startswith(summary(topic).replace("`", ""))
    assert "<!--" not in out
    assert ".md)" not in out


def test_all_words_of_a_page_are_there(xmm):
    _, out, _ = xmm("help", "errors", columns=78)
    for word in re.findall(r"[A-Za-z]{5,14}", page("errors").replace("exit-codes", "")):
        assert word in out


def test_the_list_has_every_command_and_topic(xmm):
    code, out, err = xmm("help")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    for name, text in [(name, line) for name, (_, line) in app.EVERY.items()]:
        assert f" {name} {text}" in flat
    for topic in TOPICS:
        assert f" {topic} {summary(topic)}" in flat
    _, narrow, _ = xmm("help", columns=40)
    assert max(map(len, narrow.splitlines())) <= 40


@pytest.mark.parametrize("command", app.EVERY)
def test_a_command_has_the_help_it_has_anyway(xmm, command):
    assert xmm("help", command) == xmm(command, "--help")


@pytest.mark.parametrize(
    ("word", "hint"),
    [("measure", "measuring"), ("ROWS", "rows"), ("trian", "train"), ("unlern", "unlearn")],
)
def test_an_unknown_topic_is_answered_with_the_nearest(xmm, word, hint):
    code, out, err = xmm("help", word)
    assert (code, out) == (2, "")
    assert err.startswith(f"xmm help: no topic '{word}'; did you mean {hint}?")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("word", "topic"),
    [("gap", "terms"), ("NPO", "methods"), ("semicolon", "your-own-people"), ("73", "errors"),
     ("vllm", "models"), ("slurm", "many-machines"), ("--margin", "audit")],
)  # fmt: skip
def test_a_word_of_the_guide_is_answered_with_its_pages(xmm, word, topic):
    code, out, err = xmm("help", "--", word)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert f"xmm help: no topic '{word}'; the word is in xmm help " in err
    assert f"xmm help {topic}" in err


def test_no_topic_is_like_nonsense(xmm):
    code, _, err = xmm("help", "zzzzzz")
    assert code == 2
    assert "did you mean" not in err
    assert "measuring" in err


def test_a_topic_loads_nothing_heavy():
    code = (
        "import sys; from xmm_cli.app import main; code = main(['help', 'measuring']);"
        f"print(*sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert done.stdout.startswith("What is measured")


def on_terminal(**environment: str) -> tuple[int, str]:
    """`xmm help audit` on a terminal of its own: the code, and what is seen there."""
    outer, inner = pty.openpty()
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    child = subprocess.Popen(
        [sys.executable, "-m", "xmm_cli", "help", "audit"],
        stdout=inner, stdin=inner, stderr=inner,
        env={**keep, "TERM": "xterm", "COLUMNS": "80", **environment},
    )  # fmt: skip
    os.close(inner)
    seen = b""
    try:
        while part := os.read(outer, 4096):
            seen += part
    except OSError:  # the other end is closed
        pass
    os.close(outer)
    return child.wait(), seen.decode()


def test_on_a_terminal_the_pager_shows_it():
    code, seen = on_terminal(PAGER="sed s/^/paged:/")
    assert code == 0
    assert seen.startswith("paged:")
    assert "\x1b[1m" in seen


def test_without_colours_and_without_a_pager():
    code, seen = on_terminal(PAGER="no-such-pager", NO_COLOR="1")
    assert code == 0
    assert "How to check" in seen
    assert "\x1b[3" not in seen


def test_a_reader_that_goes_away_ends_it_quietly():
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{sys.executable}' -m xmm_cli help rows | head -1"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.startswith("Rows")


def test_tables_become_lists_where_there_is_no_room():
    text = "| a | b | c |\n| --- | --- | --- |\n| x\\|y | `1` |  |\n| z |  | 3 |\n"
    assert tables_to_lists(text) == "* **x|y**: `1`\n* **z**: c: 3\n"
    assert tables_to_lists(text, 40) == text
    assert tables_to_lists("```\n| no | table |\n```\n") == "```\n| no | table |\n```\n"
    assert "x|y   1" in rendered(text, width=80, colour=False)
    assert "• x|y: 1" in rendered(text, width=10, colour=False)


def test_columns_keep_whole_words():
    rows = [["a", "two words", "x" * 20], ["b", "three more words", "y"]]
    assert widths(rows, 80) == [1, 16, 20]
    assert widths(rows, 40) == [1, 10, 20]
    assert widths(rows, 30) is None


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_no_path_is_cut(xmm, columns):
    _, out, _ = xmm("help", "methods", columns=columns)
    assert "xmm_cli/training/objectives/npo.py" in out
    assert "xmm_cli/scoring/metrics/mean_rank.py" in out
