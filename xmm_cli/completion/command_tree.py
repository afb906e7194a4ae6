"""What there is to complete: commands, their options, and what an option takes."""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from xmm_cli import app
from xmm_cli.flags import COMMON
from xmm_cli.guide import TOPICS
from xmm_cli.models.loading import SHIPPED
from xmm_cli.registry import Registry

METHODS = {
    ("gen-personas", "--renderer"): "xmm_cli.personas.rendering:RENDERERS",
    ("gen-personas", "--from"): "xmm_cli.personas.importing:IMPORTERS",
    ("gen-personas", "--identity"): "xmm_cli.personas.rendering.identity:IDENTITIES",
    ("train", "--mitigation"): "xmm_cli.training.mitigations:MITIGATIONS",
    ("unlearn", "--objective"): "xmm_cli.training.objectives:METHODS",
    ("probe", "--task"): "xmm_cli.probing.tasks:TASKS",
    ("probe", "--engine"): "xmm_cli.probing.engines:ENGINES",
    ("score", "--metric"): "xmm_cli.scoring.metrics:METRICS",
    ("report", "--format"): "xmm_cli.reporting.formats:FORMATS",
    ("report", "--figure"): "xmm_cli.study.figures:FIGURES",
}
"""The registry, or the list of names, that an option takes its value from."""

VALUES = {
    "--modality": ("image", "text", "image,text"),
    "--device": ("cpu", "cuda", "cuda:0", "mps"),
    "--base": SHIPPED,
    "--describe": SHIPPED,
    "--identity": ("auto",),
}
"""Other values that are known; folders and files stay possible."""

PLACES = ("--base", "--describe", "--model")
"""Options that take a folder as well as a name."""

_FILES = {"FILE", "PNG", "INPUT"}
_FOLDERS = {"DIR"}
_CHECKPOINTS = ("--init", "--card")


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its names, its help, and what it takes.

    `takes` is None for a flag, else `values`, `files`, `folders`, `checkpoints` or `text`.
    """

    names: tuple[str, ...]
    help: str
    takes: str | None
    values: tuple[str, ...] = ()
    folders_too: bool = False
    panel: str = COMMON
    then_a_file: bool = False
    """Whether a file or folder follows the value."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, its help and what it takes."""

    name: str
    help: str
    about: str
    """The whole help text, paragraphs apart."""
    epilog: str
    options: tuple[Option, ...]
    inputs: str | None = None
    """`files`, `checkpoints`, `words`, or None where it reads none."""
    words: tuple[str, ...] = ()
    """What it takes, where `inputs` is `words`."""
    usage: str = field(default="")


def commands() -> list[Command]:
    """Every command of `xmm`, in the order of the pipeline, and `help`."""
    return [_command(name, summary) for name, (_, summary) in app.EVERY.items()]


def _command(name: str, summary: str) -> Command:
    parser = app.load(name)
    options = [_option(name, param) for param in parser.params if param.param_type_name == "option"]
    options.append(Option(("--help", "-h"), "Show this message and exit.", None))
    reads = any(one.param_type_name == "argument" for one in parser.params)
    takes_checkpoints = name in ("probe", "unlearn")
    inputs = ("checkpoints" if takes_checkpoints else "files") if reads else None
    words = (*TOPICS, *app.COMMANDS) if name == "help" else ()
    inputs = "words" if words else inputs
    about, epilog = parser.help or "", parser.epilog or ""
    return Command(name, summary, about, epilog, tuple(options), inputs, words, _usage(parser))


def _usage(parser: Any) -> str:
    told = ["[OPTIONS]"]
    told += [
        f"[{param.metavar or param.name.upper()}{'...' if param.nargs == -1 else ''}]"
        for param in parser.params
        if param.param_type_name == "argument"
    ]
    return " ".join(told)


def _option(command: str, param: Any) -> Option:
    names = (*param.opts, *param.secondary_opts)
    text = " ".join((param.help or "").split())
    if param.is_flag:
        return Option(names, text, None, panel=param.rich_help_panel)
    values = _values(command, param)
    long = max(param.opts, key=len)
    takes = "text"
    if long in _CHECKPOINTS:
        takes = "checkpoints"
    elif param.metavar in _FOLDERS:
        takes = "folders"
    elif param.metavar in _FILES or param.type_descriptor.annotation is Path:
        takes = "files"
    elif long in PLACES:
        takes = "folders"
    if values:
        takes = "values"
    too = takes == "values" and long in PLACES
    return Option(names, text, takes, values, too, param.rich_help_panel, param.nargs == 2)


def _values(command: str, param: Any) -> tuple[str, ...]:
    found: list[str] = []
    for name in param.opts:
        target = METHODS.get((command, name))
        if target is not None:
            module, _, attribute = target.partition(":")
            known = getattr(import_module(module), attribute)
            found += known.names() if isinstance(known, Registry) else known
        found += VALUES.get(name, ())
    found += _literals(param.type_descriptor.annotation)
    return tuple(dict.fromkeys(found))


def _literals(annotation: Any) -> list[str]:
    """The values that a type allows, if it lists them: of `Literal`, alone or inside another."""
    if get_origin(annotation) is Literal:
        return [str(one) for one in get_args(annotation)]
    return [value for inner in get_args(annotation) for value in _literals(inner)]
