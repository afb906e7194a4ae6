"""The command table, and the one place where failures become exit codes.

A command is one file in `xmm_cli/commands/`, named there in `COMMANDS`. It is imported when its
name is used, so that `xmm --help` stays fast. The file has

- `run`, a function of an options class, whose fields say with `flags.Flag` how they stand on the
  command line, and of the options that were given. Its docstring is the help text; it returns
  nothing, writes rows through `rows.writer.RowWriter`, speaks through `console.say`, and raises an
  `XmmError` for whatever a user can cause;
- `KNOWN`, by field, the methods that its help lists;
- `EXAMPLES`, the end of the help: command lines, shown as they stand.

Shared options are types in `commands/shared/options.py`.

Codes are those of `errors.ExitCode`. Typer itself ends wrong options with 2 and an interrupt with
130. SIGTERM and SIGHUP end like an interrupt, so that a file half written is cleaned up, with 143
and 129 (128 and their number).
A reader that has gone ends the command with 0.
"""

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from xmm_cli import __version__
from xmm_cli.command_line import begin
from xmm_cli.commands import COMMANDS, EVERY
from xmm_cli.commands.shared.help_text import PanelCommand, columns, write_epilog
from xmm_cli.commands.shared.signature import callback
from xmm_cli.console import say
from xmm_cli.errors import (
    Doubtful,
    ExitCode,
    PictureLeftOut,
    ReaderGone,
    SingleColour,
    WrongUsage,
)
from xmm_cli.registry import unknown
from xmm_cli.stopping import explain, listen, silence_stdout
from xmm_cli.usage import OneLine, OneLineGroup

__all__ = ["COMMANDS", "EVERY", "app", "load", "main"]

_CONTEXT = {"help_option_names": ["--help", "-h"]}

_EXAMPLES = """\
Examples:
  xmm gen-personas -n 50 --out people | xmm train --source text | xmm probe | xmm score | xmm report
  xmm probe runs/image runs/text >> results.jsonl
  xmm report results.jsonl

Rows are JSON, one a line, on stdin and stdout; all else goes to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a gate tripped, 4 some items failed, 65 bad data,
66 no input, 69 not available, 73 cannot write, 129 hung up, 130 interrupted,
143 terminated.
"""


class XmmCommand(OneLine, PanelCommand):
    """A command with its options in groups, and its failures in one line."""


def load(name: str) -> Any:
    """Import a command's module and make its parser."""
    place, summary = EVERY[name]
    module = import_module(f"xmm_cli.commands.{place}")
    one = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
    )
    about = module.run.__doc__ or summary  # python -OO drops what is documented
    one.command(name, cls=XmmCommand, help=about, epilog=module.EXAMPLES)(
        callback(module.run, getattr(module, "KNOWN", {}))
    )
    return typer.main.get_command(one)


class LazyGroup(OneLineGroup):
    """A group that knows its commands by name, and imports one when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Give the names, in the order of the pipeline."""
        return list(EVERY)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import the command, if there is one of that name."""
        return load(cmd_name) if cmd_name in EVERY else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command, or fail with the nearest name."""
        name = args[0]
        if name not in EVERY and not name.startswith("-"):
            raise WrongUsage(f"no command {name!r}", unknown(name, EVERY))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the command list from the table, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in EVERY.items()])

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the examples and what all commands have in common."""
        write_epilog(self.epilog or "", formatter)


app = typer.Typer(
    name="xmm",
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings=_CONTEXT,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"xmm {__version__}")
        raise typer.Exit


@app.callback(epilog=_EXAMPLES)
def _xmm(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Measure cross-modality memorization in vision-language models.

    Teach a model people who do not exist in one modality, image or text, and measure what it
    knows of them in the other.
    """


_showwarning = warnings.showwarning
_flat: dict[str, None] = {}
"""Paths of pictures that show a single colour."""

_lacking: list[str] = []
"""What was said of pictures that are left out of what the command made."""


def _show_warning(
    message: Warning | str, category: type[Warning], *where: Any, **more: Any
) -> None:
    """Tell xmm's own warnings as such, in one line; other warnings as Python does."""
    if issubclass(category, Doubtful):
        say.warn(str(message))
        if issubclass(category, PictureLeftOut):
            _lacking.append(str(message))
    elif issubclass(category, SingleColour):
        _flat.setdefault(str(message))
    else:
        _showwarning(message, category, *where, **more)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `xmm` and return its exit code; what went wrong is one line on stderr."""
    # Two commands side by side must not spin for each other's cores (read when torch or numpy is
    # loaded); OpenBLAS does for 2**26 cycles on every core as soon as it is, if nothing says less.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    if not sys.warnoptions and os.environ.get("XMM_DEBUG") != "1":
        warnings.simplefilter("ignore")  # libraries' notes to developers; stderr is for users
        if find_spec("bitsandbytes"):
            import logging

            # it tells of kernels that no one asked for
            logging.getLogger("bitsandbytes").setLevel(logging.CRITICAL)
    for category in (Doubtful, SingleColour):
        warnings.filterwarnings("default", category=category)  # each is told once
    _flat.clear()
    warnings.showwarning = _show_warning
    _lacking.clear()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    asked = [word for word in arguments[1:] if not word.startswith("-")]
    if arguments[:1] == ["help"] and len(asked) == 1 and asked[0] in EVERY:
        arguments = [asked[0], "--help"]
    with suppress(ValueError):  # not the main thread: signals are someone else's
        listen()
    try:
        if arguments and arguments[0] in EVERY:
            begin(arguments)
            # not by way of the group: to read its options, typer would load pydantic even for help
            name, *rest = arguments
            load(name)(rest, prog_name=f"xmm {name}", terminal_width=columns())
        else:
            app(arguments, prog_name="xmm", terminal_width=columns())
        return _done()
    except SystemExit as stop:
        return _after_typer(stop, arguments)
    except BaseException as error:
        return _report(error, arguments)
    finally:
        if _flat:
            say.warn(
                f"pictures that show a single colour: {len(_flat)} (first: {next(iter(_flat))})"
            )
        begin(())


def _done() -> ExitCode:
    """The code of a command that has done all it could."""
    return ExitCode.PARTIAL if _lacking else ExitCode.DONE


def _after_typer(stop: SystemExit, arguments: list[str]) -> int:
    """The exit code when typer ended the program; why it did is in the chain of causes.

    Typer turns an interrupt into 130 and a reader that has gone into 1.
    """
    if stop.code is None or isinstance(stop.code, int):
        code = stop.code or _done()
        cause: BaseException | None = stop
        while cause is not None:
            if code == ExitCode.FAILED and isinstance(cause, BrokenPipeError):
                return _report(cause, arguments)
            if code == ExitCode.INTERRUPTED and isinstance(cause, KeyboardInterrupt):
                return _report(cause, arguments)
            cause = cause.__cause__ or cause.__context__
        return code
    say.error(str(stop.code))
    return ExitCode.FAILED


def _report(error: BaseException, arguments: list[str]) -> int:
    """Say in one line what ended the command, and give its exit code."""
    if isinstance(error, ReaderGone | BrokenPipeError):
        silence_stdout()
        return ExitCode.DONE
    command = next((word for word in arguments if word in EVERY), None)
    message, code = explain(error)
    say.error(f"xmm {command}: {message}" if command else f"xmm: {message}")
    if os.environ.get("XMM_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    return code


if __name__ == "__main__":
    sys.exit(main())
