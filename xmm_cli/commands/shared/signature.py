"""A command's parser, made from the options class that its `run` takes."""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin

import typer

from xmm_cli.console import say
from xmm_cli.errors import WrongUsage
from xmm_cli.flags import COMMON, PANELS, Flag, Positional

Given = Mapping[str, str]
"""The fields that stand on the command line, each with its option as it is spelled."""

NOTHING: Given = {}

Quiet = Annotated[bool, Flag("No notes and no progress; errors stay.", COMMON, "--quiet -q")]


def callback(run: Callable[..., None], known: Mapping[str, Collection[str]]) -> Callable[..., None]:
    """A function that typer can read and call, for `run(options)` or `run(options, given)`.

    `known` has, by field, the names of the methods that its help lists. A field that is a dataclass
    itself gives its own options. `--quiet` is added, and obeyed.
    """
    takes = inspect.get_annotations(run)
    options = takes["options"]
    flags = list(_flags(options))
    flags.sort(key=lambda pair: PANELS.index(pair[1].panel) if isinstance(pair[1], Flag) else -1)
    parameters = [_parameter(field.name, field.type, flag, _default(field), known)
                  for field, flag in flags]  # fmt: skip
    quiet = _parameter("quiet", Quiet, get_args(Quiet)[1], False, known)
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

    def call(ctx: typer.Context, quiet: bool, **values: Any) -> None:
        say.quiet = quiet
        more = (_given(ctx),) if "given" in takes else ()
        run(_built(options, values), *more)

    call.__signature__ = inspect.Signature([context, *parameters, quiet])  # type: ignore[attr-defined]
    call.__annotations__ = {}
    call.__doc__ = run.__doc__
    return call


def _flags(options: type) -> Iterator[tuple[Field[Any], Flag | Positional]]:
    for field in fields(options):
        if is_dataclass(field.type):
            yield from _flags(field.type)  # type: ignore[arg-type]
        elif get_origin(field.type) is Annotated:
            yield from ((field, extra) for extra in get_args(field.type)[1:]
                        if isinstance(extra, Flag | Positional))  # fmt: skip


def _default(field: Field[Any]) -> Any:
    return ... if field.default is MISSING else field.default


def _parameter(
    name: str,
    kind: Any,
    flag: Flag | Positional,
    default: Any,
    known: Mapping[str, Collection[str]],
) -> inspect.Parameter:
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
    annotation: Any = Annotated[get_args(kind)[0], told]
    empty = inspect.Parameter.empty
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=empty if default is ... else default,
        annotation=annotation,
    )


def _built(options: Any, values: Mapping[str, Any]) -> Any:
    """The options, of parsed values by field; a dataclass within them takes its own."""
    return options(
        **{
            field.name: _built(field.type, values)
            if is_dataclass(field.type)
            else values[field.name]
            for field in fields(options)
            if field.name in values or is_dataclass(field.type)
        }
    )


def _given(ctx: typer.Context) -> Given:
    spelled = {param.name: max(param.opts, key=len) for param in ctx.command.params}
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    return {
        name: spelled[name]
        for name, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    }


def refuse(given: Given, options: Collection[str], beside: str, hint: str) -> None:
    """Refuse options that are given and would do nothing; `beside` is `with` or `without` what.

    Raises `WrongUsage`, naming the first.
    """
    unused = sorted(given.keys() & set(options))
    if unused:
        raise WrongUsage(f"{given[unused[0]]} {beside}", hint)
