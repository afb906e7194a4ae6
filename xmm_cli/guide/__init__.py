"""The guide: one Markdown page a topic, for the web, for `xmm help` and for `man`.

A page is `TOPIC.md`. Its first line is a heading that says in one line what the page is about. A
page uses headings, paragraphs, lists, fenced code, tables, `code`, **bold** and links, and
nothing else.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent

TOPICS = (
    "install",
    "terms",
    "measuring",
    "scoring",
    "unlearning",
    "audit",
    "mitigations",
    "models",
    "your-own-people",
    "photographs",
    "many-machines",
    "reports",
    "sql",
    "rows",
    "python",
    "study",
    "findings",
    "publishing",
    "speed",
    "promises",
    "errors",
    "methods",
    "completions",
    "contributing",
)
"""In the order in which `xmm help` lists them."""

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_RELATIVE_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]+\)")


def page(topic: str) -> str:
    """The Markdown text of a topic of `TOPICS`, as it is on the web."""
    return (FOLDER / f"{topic}.md").read_text("utf-8")


def summary(topic: str) -> str:
    """What the page is about, in one line: its first heading."""
    return page(topic).partition("\n")[0].removeprefix("# ")


def pages_with(word: str) -> list[str]:
    """The topics whose pages have a word that begins so; first those where a table explains it.

    A line of a table explains the word that is, or ends, its first cell.
    """
    literal = re.escape(word)
    anywhere = re.compile(rf"(?<!\w){literal}", re.IGNORECASE)
    explained = re.compile(rf"^\| (?:[^|\n]*, )?`?{literal}`? \|", re.IGNORECASE | re.MULTILINE)
    texts = {topic: readable(page(topic)) for topic in TOPICS}
    having = [topic for topic, text in texts.items() if anywhere.search(text)]
    return sorted(having, key=lambda topic: explained.search(texts[topic]) is None)


def readable(text: str) -> str:
    """Markdown for a terminal: no comments, and of a link to another file the text alone."""
    return _RELATIVE_LINK.sub(r"\1", _COMMENT.sub("", text))
