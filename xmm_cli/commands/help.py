"""`xmm help`: the guide, a topic at a time. `app` answers `xmm help COMMAND` itself."""

import textwrap
from dataclasses import dataclass
from typing import Annotated

from xmm_cli.commands import EVERY
from xmm_cli.commands.shared.printing import print_pieces
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import OUTPUT, Flag, Positional
from xmm_cli.guide import TOPICS, page, pages_with, readable, summary
from xmm_cli.guide.topic import show, terminal_width
from xmm_cli.registry import nearest, unknown

EXAMPLES = """\
Examples:
  xmm help
  xmm help measuring
  xmm help train
  xmm help semicolon
  xmm help rows | grep logprob
  xmm help rows --json > rows.schema.json

If a word is no topic, the answer names the pages that have it. On a terminal a page is shown by
$PAGER, or less. In a pipe it is plain text, COLUMNS wide.
"""

_MOST_PAGES = 4


@dataclass(frozen=True, slots=True)
class HelpOptions:
    """The options of `xmm help`."""

    topic: Annotated[str | None, Positional("A topic or a command; all if absent.", "TOPIC")] = None
    json: Annotated[bool, Flag("Of the topic rows: their JSON Schema.", OUTPUT)] = False


def run(options: HelpOptions) -> None:
    """Read the guide: a topic, or a command's help.

    Without a TOPIC it lists the commands and all topics.
    """
    topic = options.topic
    if options.json and topic != "rows":
        raise WrongUsage("--json without the topic rows", "only rows have a JSON Schema")
    if options.json:
        from xmm_cli.rows.json_schema import FILE

        print_pieces([FILE.read_text("utf-8")], "json")
    elif topic is None:
        _write(_list())
    elif topic in TOPICS:
        show(readable(page(topic)), _write)
    else:
        raise WrongUsage(f"no topic {topic!r}", _hint(topic))


def _hint(word: str) -> str:
    """The topic that is meant, or the pages that have the word."""
    known = [*TOPICS, *EVERY]
    pages = [] if nearest(word, known) else pages_with(word)[:_MOST_PAGES]
    if not pages:
        return unknown(word, known)
    return f"the word is in {', '.join(f'xmm help {page}' for page in pages)}"


def _write(text: str) -> None:
    print_pieces([text], "table")


def _list() -> str:
    """Commands and topics, with a line each, as wide as the terminal allows."""
    width = terminal_width()
    parts = {
        "Commands (xmm help COMMAND)": {name: line for name, (_, line) in EVERY.items()},
        "Topics (xmm help TOPIC)": {topic: summary(topic) for topic in TOPICS},
    }
    longest = max(len(name) for part in parts.values() for name in part) + 4
    lines: list[str] = []
    for heading, part in parts.items():
        lines += ["", f"{heading}:"] if lines else [f"{heading}:"]
        for name, text in part.items():
            lines += textwrap.wrap(
                f"  {name}".ljust(longest) + text, width, subsequent_indent=" " * longest
            )
    return "\n".join(lines) + "\n"
