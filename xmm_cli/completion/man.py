"""A man page for `xmm` and for each command, in man(7) macros, from the same help."""

import re
from collections.abc import Sequence

from xmm_cli import __version__
from xmm_cli.completion.command_tree import Command
from xmm_cli.errors import ExitCode
from xmm_cli.guide import TOPICS, summary

CODES = {
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
    lines = [*head(title, command.help), ".SH SYNOPSIS"]
    lines += [f".B xmm {plain(command.name)}", plain(command.usage), ".SH DESCRIPTION"]
    lines += _paragraphs(command.about)
    lines.append(".SH OPTIONS")
    panel = ""
    for option in command.options:
        if option.panel != panel:
            panel = option.panel
            lines.append(f".SS {panel}")
        names = ", ".join(rf"\fB{plain(name)}\fR" for name in option.names)
        value = "" if option.takes is None else r" \fIVALUE\fR"
        told = plain(option.help)
        if option.takes == "values":
            told = f"{told} Known: {plain(', '.join(option.values))}.".strip()
        lines += [".TP", names + value, told or r"\&"]
    lines += _epilog(command.epilog)
    lines += [*_exits(), ".SH SEE ALSO", r"\fBxmm\fR(1)"]
    return "\n".join(lines) + "\n"


def overview(commands: Sequence[Command]) -> str:
    """The page `xmm(1)`."""
    lines = head("xmm", "measure cross-modality memorization in vision-language models")
    lines += [".SH SYNOPSIS", ".B xmm", r"\fICOMMAND\fR [OPTIONS] [INPUT...]", ".SH COMMANDS"]
    for command in commands:
        lines += [".TP", rf"\fB{plain(command.name)}\fR", plain(command.help)]
    lines.append(".SH GUIDE")
    for topic in TOPICS:
        lines += [".TP", rf"\fBxmm\-{plain(topic)}\fR(7)", plain(summary(topic))]
    lines += [*_exits(), ".SH SEE ALSO"]
    lines.append(", ".join(rf"\fBxmm\-{plain(one.name)}\fR(1)" for one in commands))
    return "\n".join(lines) + "\n"


def head(title: str, what: str, section: int = 1) -> list[str]:
    """The first lines of a page: title, section, and what it is about in one line.

    Words are neither broken nor spread: names of files and commands can be copied.
    """
    about = plain(what[0].lower() + what[1:].rstrip("."))
    manual = "User Commands" if section == 1 else "The guide of xmm"
    return [
        '.\\" Written by `python -m xmm_cli.completion`; do not edit.',
        f'.TH "{title.upper()}" {section} "" "xmm {__version__}" "{manual}"',
        *(".nh", ".nr HY 0", ".ad l", ".ds AD l"),  # groff's macros set them anew by the registers
        ".SH NAME",
        rf"{plain(title)} \- {about}",
    ]


def _exits() -> list[str]:
    lines = [".SH EXIT STATUS"]
    for code, told in CODES.items():
        lines += [".TP", rf"\fB{int(code)}\fR", plain(told)]
    return lines


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for part in text.strip().split("\n\n"):
        lines += [".PP", plain(" ".join(part.split()))]
    return lines


def _epilog(text: str) -> list[str]:
    """Examples line by line, the rest as paragraphs."""
    examples, _, rest = text.strip().partition("\n\n")
    shown = [plain(line.strip()) for line in examples.splitlines()[1:]]
    lines = [".SH EXAMPLES", ".nf", *shown, ".fi"]
    return lines + ([".SH NOTES", *_paragraphs(rest)] if rest else [])


def plain(text: str) -> str:
    """One line of text with nothing in it that troff would read."""
    safe = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", safe)
