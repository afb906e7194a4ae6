"""What is wrong with a command line, in one line with the nearest right word."""

import re
from typing import Any

import typer
from typer.core import TyperGroup

from xmm_cli.errors import WrongUsage
from xmm_cli.registry import nearest, unknown

_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""Of the click that typer carries with it."""

_CHOICES = re.compile(r"(?P<given>'.*') is not one of (?P<known>'.*')\.?$", re.DOTALL)
_EXTRA = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)")
_SIMPLER = {
    "Input should be a valid integer, unable to parse string as an integer": "not a whole number",
    "Input should be a valid number, unable to parse string as a number": "not a number",
    "Input should be greater than or equal to ": "must be at least ",
    "Input should be less than or equal to ": "must be at most ",
    "Value error, ": "",
}


_PEOPLE = ("forget", "retain")
_ONCE = (*_PEOPLE, "source", "personas")
"""Options that name people or what they are learned from: of two, none is to be lost unsaid."""


class OneLine:
    """A command whose wrong usage is an `XmmError` like any other."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """Read the command line. Raises `WrongUsage`."""
        try:
            return super().make_context(*arguments, **named)  # type: ignore[misc]
        except _UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                raise
            raise _in_words(error) from error

    def make_parser(self, ctx: Any) -> Any:
        """The parser; of options in `_ONCE` a second would replace the first, and is refused."""
        parser = super().make_parser(ctx)  # type: ignore[misc]
        parse = parser.parse_args

        def parse_once(args: list[str]) -> Any:
            values, rest, order = parse(args=args)
            for param in order:
                if param.name in _ONCE and order.count(param) > 1:
                    hint = (
                        "names and ids go together by comma: A,B" if param.name in _PEOPLE else None
                    )
                    raise WrongUsage(f"{param.opts[0]} is given twice", hint)
            return values, rest, order

        parser.parse_args = parse_once
        return parser


class OneLineGroup(OneLine, TyperGroup):
    """`xmm` itself."""


def _in_words(error: Any) -> WrongUsage:
    """The error with the option and the mend."""
    context = error.ctx
    option = str(getattr(error, "option_name", None))
    look = f"see {context.command_path} --help" if context is not None else None
    said = error.format_message()
    if type(error).__name__ == "NoSuchOption" and context is not None:
        options = [name for one in context.command.params for name in one.opts]
        return WrongUsage(f"no option {option}", nearest(option, options) or look)
    param = getattr(error, "param", None)
    extra = _EXTRA.match(said)
    if extra and context is not None and context.command_path.endswith("gen-personas"):
        hint = f"to import it: --from FORMAT {extra[1]}, with folders, imagefolder, csv or jsonl"
        return WrongUsage(f"{extra[1]!r} belongs to no option", hint)
    if type(error).__name__ == "MissingParameter" and param is not None:
        metavar = f" {param.metavar}" if param.metavar else ""
        return WrongUsage(f"{param.opts[0]}{metavar} is missing", look)
    if param is None:
        return WrongUsage(said[:1].lower() + said[1:].rstrip("."), look)
    problem = error.message
    for long, short in _SIMPLER.items():
        problem = problem.replace(long, short)
    choices = _CHOICES.search(problem)
    if choices is None:
        return WrongUsage(f"{param.opts[0]}: {problem}", look)
    known = re.findall(r"'([^']*)'", choices["known"])
    return WrongUsage(f"{param.opts[0]} {choices['given']}", unknown(choices["given"][1:-1], known))
