"""README and the guide: what is promised of every page, and that nothing in them has drifted."""

import re
import shlex
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from xmm_cli import __version__, app
from xmm_cli.completion.guide import FINDINGS, pages
from xmm_cli.guide import FOLDER, TOPICS, page, readable, summary
from xmm_cli.guide.tables import cells

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
FILES = [README, *(FOLDER / f"{topic}.md" for topic in TOPICS)]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
each_topic = pytest.mark.parametrize("topic", TOPICS)


def prose(file: Path) -> str:
    """The text without its blocks of code."""
    return FENCE.sub("", file.read_text("utf-8"))


def anchors(file: Path) -> set[str]:
    """The names by which GitHub lets a link point at a heading."""
    headings = re.findall(r"^#+ (.*)$", prose(file), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_every_page_is_a_topic():
    assert {file.stem for file in FOLDER.glob("*.md")} == set(TOPICS)


@each_topic
def test_a_page_begins_with_what_it_is_about(topic):
    first, second, *_ = page(topic).splitlines()
    assert first.startswith("# ")
    assert second == ""
    assert 10 < len(summary(topic)) <= 76
    assert page(topic).count("\n# ") == 0


@pytest.mark.parametrize("name", [f"{topic}.md" for topic in TOPICS])
def test_what_is_made_from_the_code_has_not_drifted(name):
    assert (FOLDER / name).read_text("utf-8") == pages()[name], "run: python -m xmm_cli.completion"


def test_all_findings_stand_on_their_page():
    lines = FINDINGS.read_text("utf-8").count("\n") - 1
    table = [cells(line) for line in page("findings").splitlines() if line.startswith("| ")]
    kinds = {"holds", "negligible", "does not hold", "unclear"}
    assert sum(bool(kinds & set(row)) for row in table) == lines > 0


@each_file
def test_links_lead_somewhere(file):
    links = LINK.findall(prose(file))
    for _, target in links:
        path, _, anchor = target.partition("#")
        if not target.startswith(("http:", "https:")):
            other = (file.parent / path).resolve() if path else file
            assert other.exists(), target
            assert not anchor or anchor in anchors(other), target


@each_topic
def test_a_link_says_where_it_leads_in_a_terminal_too(topic):
    for text, target in LINK.findall(prose(FOLDER / f"{topic}.md")):
        if target.endswith(".md") and "/" not in target:
            assert text == f"xmm help {target.removesuffix('.md')}"
        elif "README" not in target and not target.startswith("http"):
            assert text == f"xmm_cli/{target.removeprefix('../')}".removesuffix("/__init__.py") or (
                text == f"xmm_cli/{target.removeprefix('../')}"
            )
    assert "](" not in FENCE.sub("", readable(page(topic))).replace("](http", "")


def test_readme_is_short_and_leads_everywhere():
    text = README.read_text("utf-8")
    assert len(text.encode()) <= 12 * 1024
    for topic in TOPICS:
        assert f"| [{topic}](xmm_cli/guide/{topic}.md) | {summary(topic)} |" in text
    assert text.index("pip install") < 50
    for command in (
        "examples/quickstart.sh",
        "tests/run.sh",
        *(f"| `{one}` |" for one in app.EVERY),
    ):
        assert command in text


@each_topic
def test_code_fits_a_terminal(topic):
    code = "".join(body for _, body in FENCE.findall(page(topic)))
    assert [line for line in code.splitlines() if len(line) > 73] == []


def calls(file: Path) -> list[list[str]]:
    """The `xmm …` and `-m xmm_cli …` calls in the blocks of shell, as words."""
    found = []
    shell = "".join(body for kind, body in FENCE.findall(file.read_text("utf-8")) if kind == "sh")
    for line in shell.replace("\\\n", " ").replace("$s", "text").replace("{}", "3").splitlines():
        words = list(shlex.shlex(line.partition("  #")[0], posix=True, punctuation_chars="|;>&"))
        for separates, part in groupby(words, key=lambda word: word[0] in "|;>&" or word == "do"):
            call = list(part)
            if not separates and "xmm" in call:
                found.append(call[call.index("xmm") + 1 :])
            elif not separates and "xmm_cli" in call:
                found.append(call[call.index("xmm_cli") + 1 :])
    return found


def test_there_are_calls():
    assert len(calls(README)) > 10
    assert sum(len(calls(file)) for file in FILES) > 50


@each_file
def test_commands_have_the_options_that_are_shown(file):
    for words in calls(file):
        known = [word for word in words[1:] if word != ":::"]
        app.load(words[0]).make_context(words[0], known, resilient_parsing=False)


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == __version__
    assert cited["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= set(cited)


def test_the_glossary_is_short():
    rows = [line for line in page("terms").splitlines() if line.startswith("| ")]
    words = [cells(line)[0] for line in rows if not line.startswith(("| word", "| ---"))]
    assert 25 <= len(words) <= 50
    assert len(words) == len(set(words))
