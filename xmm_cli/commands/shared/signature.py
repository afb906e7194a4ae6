"""A command's parser, made from the options class that its `run` takes."""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin

import typer

from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import COMMON, PANELS, Flag, Positional

GivenOptions = Mapping[str, str]
"""The fields that stand on the command line, each with its option as it is spelled."""

NOTHING: GivenOptions = {}

Quiet = Annotated[bool, Flag("No notes and no progress; errors stay.", COMMON, "--quiet -q")]


def callback(run: Callable[..., None], known: Mapping[str, Collection[str]]) -> Callable[..., None]:
    """A function that typer can read and call, for `run(options)` or `run(options, given)`.

    `known` has, by field, the names of the methods that its help lists. A field that is a dataclass
    itself gives its own options. `--quiet` is added, and obeyed. Options come panel by panel.
    """
    takes = inspect.get_annotations(run)
    options = takes["options"]

    def call(ctx: typer.Context, quiet: bool, **values: Any) -> None:
        say.quiet = quiet
        more = (_given(ctx),) if "given" in takes else ()
        run(built(options, values), *more)

    by_panel = sorted([*flagged(options), ("quiet", Quiet, False)], key=_panel)
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    parameters = [context, *(_parameter(*field, known) for field in by_panel)]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {}
    call.__doc__ = run.__doc__
    return call


def flagged(options: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, annotated type and default of each field that stands on the command line."""
    for field in fields(options):
        if is_dataclass(field.type):
            yield from flagged(field.type)
        elif get_origin(field.type) is Annotated:
            required = field.default is MISSING
            yield field.name, field.type, inspect.Parameter.empty if required else field.default


def _panel(field: tuple[str, Any, Any]) -> int:
    flag = get_args(field[1])[1]
    return -1 if isinstance(flag, Positional) else PANELS.index(flag.panel)


def _parameter(
    name: str, kind: Any, default: Any, known: Mapping[str, Collection[str]]
) -> inspect.Parameter:
    plain, flag = get_args(kind)
    if isinstance(flag, Positional):
        told: Any = typer.Argument(metavar=flag.metavar, help=flag.help)
    else:
        told = typer.Option(
            *(flag.names.split() or [f"--{name.replace('_', '-')}"]),
            metavar=flag.metavar,
            help=flag.help.replace("{known}", ", ".join(known.get(name, ()))),
            min=flag.min,
            max=flag.max,
            envvar=flag.env,
            rich_help_panel=flag.panel,
        )
    annotation: Any = Annotated[plain, told]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, keyword, default=default, annotation=annotation)


def built(options: Any, values: Mapping[str, Any]) -> Any:
    """The options, of parsed values by field; a dataclass within them takes its own."""
    return options(
        **{
            field.name: built(field.type, values)
            if is_dataclass(field.type)
            else values[field.name]
            for field in fields(options)
            if field.name in values or is_dataclass(field.type)
        }
    )


def _given(ctx: typer.Context) -> GivenOptions:
    spelled = {param.name: max(param.opts, key=len) for param in ctx.command.params}
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    return {
        name: spelled[name]
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    }


def refuse(given: GivenOptions, options: Collection[str], beside: str, hint: str) -> None:
    """Refuse options that are given and would do nothing; `beside` is `with` or `without` what.

    Raises `WrongUsage`, naming the first.
    """
    unused = sorted(given.keys() & set(options))
    if unused:
        raise WrongUsage(f"{given[unused[0]]} {beside}", hint)
