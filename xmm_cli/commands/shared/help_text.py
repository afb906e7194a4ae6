"""Help that fits the terminal: options in panels, examples that can be copied, notes."""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any

from typer.core import TyperCommand

from xmm_cli.flags import COMMON

WIDEST, NARROWEST = 80, 34
_INDENT = 2
_IN_QUOTES = "\0"
"""A space at which a line may end without a `\\`."""
_WORD = r"""(?:'[^']*'|"[^"]*"|[^\s'"])+\s*"""
"""A word of a shell's line, quoted parts whole, and the space behind it."""
_UNIT = rf"(?:[|>]+\s+)?(?:xmm\s+)?(?:-\S+\s+(?![|>-]))?{_WORD}"
"""Words that are better kept together: a pipe and its command, an option and its value."""


def columns() -> int:
    """How wide help may be; 80 where no width is known, and on wider terminals."""
    return max(min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST), NARROWEST) - _INDENT


class PanelCommand(TyperCommand):
    """A command whose options stand in the panels that its flags name."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write each panel, all with the same columns."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                is_option = param.param_type_name == "option"
                panel = getattr(param, "rich_help_panel", None) or COMMON
                panels.setdefault(panel if is_option else "Arguments", []).append(record)
        room = formatter.width - _INDENT
        longest = max(len(term) for records in panels.values() for term, _ in records)
        first = min(longest, 30, room * 2 // 5)
        for name, records in panels.items():
            with formatter.section(name):
                for record in records:
                    _write(formatter, _defined(*record, first, room))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples and the notes."""
        write_epilog(self.epilog or "", formatter)


def write_epilog(epilog: str, formatter: Any) -> None:
    """Write examples, which come first, as lines of a shell, and notes as paragraphs."""
    examples, *notes = epilog.strip().split("\n\n")
    title, *lines = examples.splitlines()
    room = formatter.width - _INDENT
    with formatter.section(title.rstrip(":")):
        _write(formatter, (part for line in lines for part in example(line.strip(), room)))
    with formatter.indentation():
        for note in notes:
            formatter.write_paragraph()
            _write(formatter, wrap(" ".join(note.split()), room, break_on_hyphens=False))


def _write(formatter: Any, lines: Iterable[str]) -> None:
    for line in lines:
        formatter.write(f"{' ' * formatter.current_indent}{line}\n")


def _defined(term: str, text: str, first: int, room: int) -> Iterator[str]:
    """Lines of a term and what it means: side by side, or below each other."""
    longest = max(map(len, text.split()), default=0)
    beside = len(term) <= first and longest <= room - first - 2
    indent = first + 2 if beside else 4
    meaning = wrap(text, room - indent, break_on_hyphens=False)
    if beside:
        yield term.ljust(indent) + (meaning.pop(0) if meaning else "")
    else:
        yield from _filled(re.findall(r"[^\s|]+\|?\s*", term), room)
    yield from (" " * indent + line for line in meaning)


def example(line: str, room: int) -> Iterator[str]:
    r"""A shell's line in lines of `room` letters at the most, each but the last with a `\`.

    A quoted word that is too long is broken at a space within it: SQL and jq do not mind.
    """
    fits = room - 6
    words: list[str] = []
    for unit in re.findall(_UNIT, line):
        for word in [unit] if len(unit.rstrip()) <= fits else re.findall(_WORD, unit):
            *parts, last = (
                word.rstrip().split(" ") if len(word.rstrip()) > fits else [word.rstrip()]
            )
            words += [*(part + _IN_QUOTES for part in parts), last + " "]
    return _filled(words, room, " \\")


def _filled(words: Sequence[str], room: int, end: str = "") -> Iterator[str]:
    """Lines as full as they can be; all but the first are indented, all but the last have `end`."""
    line = ""
    for word in words:
        if line.strip() and len(line) + len(word.rstrip(f" {_IN_QUOTES}")) + len(end) > room:
            yield _ended(line) + ("" if line.endswith(_IN_QUOTES) else end)
            line = "    "
        line += word
    yield _ended(line)


def _ended(line: str) -> str:
    return line.rstrip(f" {_IN_QUOTES}").replace(_IN_QUOTES, " ")
