"""`xmm_cli/__init__.pyi`: the types of the Python functions, written from the options."""

import inspect
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import xmm_cli
from xmm_cli import api
from xmm_cli.api import options_of

FILE = Path(xmm_cli.__file__).with_name("__init__.pyi")
RETURNS = {
    "gen_personas": "Rows[Persona]",
    "train": "Rows[Checkpoint]",
    "unlearn": "Rows[Checkpoint]",
    "probe": "Rows[Probe]",
    "score": "Rows[Score]",
    "report": "str",
}
_HEAD = '''\
"""Written by `python -m xmm_cli.completion`: the options of the commands as keywords."""

from pathlib import Path
from typing import Literal

'''


def text() -> str:
    """The whole file."""
    parts = [_HEAD]
    for place, names in sorted(xmm_cli.PLACES.items()):
        parts += [f"from xmm_cli.{place} import {name} as {name}\n" for name in sorted(names)]
    parts += ["\n__version__: str\nCOMMANDS: tuple[str, ...]\nPLACES: dict[str, tuple[str, ...]]\n"]
    return "".join([*parts, *map(_function, xmm_cli.COMMANDS)])


def _function(name: str) -> str:
    takes_inputs, options = options_of(name)
    lines = ["inputs: RowsOrFiles = None"] if takes_inputs else []
    lines.append("*")
    for one in options:
        needed = one.default is inspect.Parameter.empty
        default = "" if needed else f" = {_value(one.default)}"
        lines.append(f"{one.keyword}: {_kind(one.kind)}{default}")
    lines.append("quiet: bool = True")
    signature = "".join(f"    {line},\n" for line in lines)
    about = inspect.cleandoc(api.function(name).__doc__ or "").partition("\n")[0]
    return f'\ndef {name}(\n{signature}) -> {RETURNS[name]}:\n    """{about}"""\n'


def _value(default: Any) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)


def _kind(hint: Any) -> str:
    """A type as it is written; a path may also be given as text."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return f"Literal[{', '.join(_value(one) for one in inner)}]"
    if origin in (Union, UnionType):
        return " | ".join(_kind(one) for one in inner)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(_kind(one) for one in inner)}]"
    return {Path: "str | Path", NoneType: "None"}.get(hint, hint.__name__)


def write() -> None:
    """Write the file."""
    FILE.write_text(text(), "utf-8")
