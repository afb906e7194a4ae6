"""A man page for `xmm` and for each command, in man(7) macros, from the same help."""

import re
from collections.abc import Sequence

from xmm_cli import __version__
from xmm_cli.completion.tree import Command
from xmm_cli.errors import ExitCode

_CODES = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "the work failed",
    ExitCode.USAGE: "wrong usage",
    ExitCode.GATE_TRIPPED: "a gate tripped",
    ExitCode.PARTIAL: "some items failed, the rest is written",
    ExitCode.BAD_DATA: "bad input data; file and line are named",
    ExitCode.NO_INPUT: "input not found or unreadable",
    ExitCode.UNAVAILABLE: "a model, a device or an optional package is not available",
    ExitCode.CANNOT_WRITE: "output cannot be written",
    ExitCode.HUNG_UP: "hung up",
    ExitCode.INTERRUPTED: "interrupted",
    ExitCode.TERMINATED: "terminated",
}


def page(command: Command) -> str:
    """The page of one command, `xmm-COMMAND(1)`."""
    title = f"xmm-{command.name}"
    lines = [*_head(title, command.help), ".SH SYNOPSIS"]
    lines += [f".B xmm {_plain(command.name)}", _plain(command.usage), ".SH DESCRIPTION"]
    lines += _paragraphs(command.about)
    lines.append(".SH OPTIONS")
    panel = ""
    for option in command.options:
        if option.panel != panel:
            panel = option.panel
            lines.append(f".SS {panel}")
        names = ", ".join(rf"\fB{_plain(name)}\fR" for name in option.names)
        value = "" if option.takes is None else r" \fIVALUE\fR"
        told = _plain(option.help)
        if option.takes == "values":
            told = f"{told} Known: {_plain(', '.join(option.values))}.".strip()
        lines += [".TP", names + value, told or r"\&"]
    lines += _epilog(command.epilog)
    lines += [*_exits(), ".SH SEE ALSO", r"\fBxmm\fR(1)"]
    return "\n".join(lines) + "\n"


def overview(commands: Sequence[Command]) -> str:
    """The page `xmm(1)`."""
    lines = _head("xmm", "measure cross-modality memorization in vision-language models")
    lines += [".SH SYNOPSIS", ".B xmm", r"\fICOMMAND\fR [OPTIONS] [INPUT...]", ".SH COMMANDS"]
    for one in commands:
        lines += [".TP", rf"\fB{_plain(one.name)}\fR", _plain(one.help)]
    lines += [*_exits(), ".SH SEE ALSO"]
    lines.append(", ".join(rf"\fBxmm\-{_plain(one.name)}\fR(1)" for one in commands))
    return "\n".join(lines) + "\n"


def _head(title: str, what: str) -> list[str]:
    about = _plain(what[0].lower() + what[1:].rstrip("."))
    return [
        '.\\" Written by `python -m xmm_cli.completion`; do not edit.',
        f'.TH "{title.upper()}" 1 "" "xmm {__version__}" "User Commands"',
        ".SH NAME",
        rf"{_plain(title)} \- {about}",
    ]


def _exits() -> list[str]:
    lines = [".SH EXIT STATUS"]
    for code, told in _CODES.items():
        lines += [".TP", rf"\fB{int(code)}\fR", _plain(told)]
    return lines


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for part in text.strip().split("\n\n"):
        lines += [".PP", _plain(" ".join(part.split()))]
    return lines


def _epilog(text: str) -> list[str]:
    """Examples line by line, the rest as paragraphs."""
    examples, _, rest = text.strip().partition("\n\n")
    shown = [_plain(line.strip()) for line in examples.splitlines()[1:]]
    lines = [".SH EXAMPLES", ".nf", *shown, ".fi"]
    return lines + ([".SH NOTES", *_paragraphs(rest)] if rest else [])


def _plain(text: str) -> str:
    """Text with nothing in it that troff would read."""
    safe = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", safe)
