"""The guide's pages as man pages of section 7, `xmm-TOPIC(7)`.

The Markdown is read by markdown-it; of its elements those are written that the guide uses, and any
other is an error. Tables become lists.
"""

from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from xmm_cli.completion.man import head, plain
from xmm_cli.guide import page, readable, summary
from xmm_cli.guide.tables import tables_to_lists

_BULLET = r".IP \(bu 2"
_QUIET = {
    "paragraph_close",
    "bullet_list_close",
    "ordered_list_close",
    "list_item_open",
    "list_item_close",
    "heading_close",
    "bullet_list_open",
    "ordered_list_open",
}
"""Elements that need no macro of their own."""


def man_page(topic: str) -> str:
    """The man page of a topic."""
    return convert(f"xmm-{topic}", summary(topic), readable(page(topic)).partition("\n")[2])


def convert(name: str, what: str, text: str) -> str:
    """A man page from Markdown without its first heading.

    Raises:
        ValueError: the text has an element that the guide does not use.
    """
    lines = head(name, what, section=7)
    if not text.lstrip().startswith("## "):
        lines.append(".SH DESCRIPTION")
    tokens = MarkdownIt("commonmark").parse(tables_to_lists(text))
    for before, token in zip([None, *tokens], tokens, strict=False):
        lines += _element(token, before)
    return "\n".join([*lines, ".SH SEE ALSO", r"\fBxmm\fR(1)"]) + "\n"


def _element(token: Token, before: Token | None) -> list[str]:
    kind = token.type
    if kind == "heading_open":
        return [".SH" if token.tag == "h2" else ".SS"]
    if kind == "inline":
        return ["".join(_inline(token.children or []))]
    if kind == "paragraph_open":
        return [_opening(token, before)]
    if kind == "fence":
        return [".PP", ".EX", *map(plain, token.content.splitlines()), ".EE"]
    if kind in _QUIET:
        return []
    raise ValueError(f"{kind}: no page of the guide uses this; see xmm_cli/guide/__init__.py")


def _opening(token: Token, before: Token | None) -> str:
    """The macro of a paragraph: at the beginning of an item, later in it, or outside of lists."""
    if before is not None and before.type == "list_item_open":
        return f'.IP "{before.info}." 4' if before.info else _BULLET
    return ".IP" if token.level else ".PP"


def _inline(children: list[Any]) -> Iterator[str]:
    marks = {"strong_open": r"\fB", "em_open": r"\fI", "strong_close": r"\fR", "em_close": r"\fR"}
    for child in children:
        if child.type in ("text", "code_inline"):
            text = plain(child.content)
            yield rf"\fB{text}\fR" if child.type == "code_inline" else text
        elif child.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif child.type in marks:
            yield marks[child.type]
        elif child.type in ("link_open", "link_close"):
            continue
        else:
            raise ValueError(f"{child.type}: no page of the guide uses this")
