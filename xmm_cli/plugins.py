"""Methods that other packages bring, and what is known of a method without importing it.

A package adds a method by an entry point whose group is that of a registry:

    [project.entry-points."xmm.metrics"]
    certainty = "my_package.certainty:METRIC"

The `entry_points.txt` of the packages on `sys.path` are read where names are first listed, once a
process: for a command's help that is at its start. `importlib.metadata`, which takes longer to
import than that, is used only where one of them has a group of xmm.
"""

import ast
import math
import sys
import warnings
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from xmm_cli.errors import LeftOut, WrongUsage

SettingValue = str | int | float | bool


class Plugin(NamedTuple):
    """A method of another package: where it is, and the package's name and summary."""

    target: str
    package: str
    about: str


def plugins_of(group: str, kind: str, taken: Collection[str]) -> dict[str, Plugin]:
    """The methods of a group by name; those whose name is `taken` are left out, with a warning."""
    if not _any_installed():
        return {}
    found: dict[str, Plugin] = {}
    for name, plugin in _installed().get(group, ()):
        if name in taken:
            told = f"{kind} {name} of the package {plugin.package}: xmm has its own of that name"
        elif name in found:
            told = f"{kind} {name} of the package {plugin.package}: {found[name].package} has one"
        else:
            found[name] = plugin
            continue
        warnings.warn(LeftOut(f"{told}, which is used"), stacklevel=2)
    return found


@cache
def _any_installed() -> bool:
    """Whether a package on the path has an entry point for xmm; no library is loaded to see it."""
    for root in sys.path:
        for file in Path(root).glob("*-info/entry_points.txt"):
            with suppress(OSError):
                if b"[xmm." in file.read_bytes():
                    return True
    return False


@cache
def _installed() -> dict[str, tuple[tuple[str, Plugin], ...]]:
    """All methods of other packages by group; of a package that lies there twice, the first."""
    from importlib.metadata import distributions

    found: dict[str, dict[tuple[str, str], Plugin]] = {}
    seen: set[str] = set()
    for package in distributions():
        if "[xmm." not in (package.read_text("entry_points.txt") or "") or package.name in seen:
            continue
        seen.add(package.name)
        about = package.metadata["Summary"] or f"of the package {package.name}"
        for point in package.entry_points:
            known = found.setdefault(point.group, {})
            known[point.name, package.name] = Plugin(point.value, package.name, about)
    return {
        group: tuple((name, plugin) for (name, _), plugin in sorted(known.items()))
        for group, known in found.items()
    }


def summary_of(plugin: Plugin) -> str:
    """The first line of the docstring of a method, or of its file, or its package's summary.

    It is read from the source, which is not run: a list of methods must not import torch.
    """
    module, _, attribute = plugin.target.partition(":")
    tree = _source(module)
    if tree is None:
        return plugin.about
    for node in tree.body:
        kinds = ast.FunctionDef | ast.ClassDef
        if isinstance(node, kinds) and node.name == attribute and ast.get_docstring(node):
            return str(ast.get_docstring(node)).splitlines()[0]
    return (ast.get_docstring(tree) or plugin.about).splitlines()[0]


def hyperparameters(module: str) -> dict[str, SettingValue]:
    """The fields of the class `Config` of a module with their defaults, from its source."""
    tree = _source(module)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.ClassDef) and node.name == "Config":
            return {
                field.target.id: _shown(field.value)
                for field in node.body
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                if field.value is not None
            }
    return {}


def _shown(default: ast.expr) -> SettingValue:
    """A default as it is, or as it is written where that takes more than reading."""
    try:
        value: SettingValue = ast.literal_eval(default)
    except (ValueError, TypeError):
        return ast.unparse(default)
    return value


def _source(module: str) -> ast.Module | None:
    """A module parsed, not run; None where its source is not on the path."""
    inside = Path(*module.split("."))
    for root in sys.path:
        for file in (Path(root, inside).with_suffix(".py"), Path(root, inside, "__init__.py")):
            try:
                return ast.parse(file.read_bytes())
            except (OSError, SyntaxError):
                continue
    return None


def configured(config: Any, values: Mapping[str, Any]) -> Any:
    """An object of the dataclass `config` with these values, which may be texts.

    Raises:
        WrongUsage: a value is of another type than its field, out of its range, or no number.
    """
    import msgspec

    for name, value in values.items():
        try:
            made = msgspec.convert({name: value}, config, strict=False)
        except msgspec.ValidationError as error:
            said = str(error).partition(" - at ")[0]
            usual = getattr(config(), name)
            raise WrongUsage(f"--set {name}={value}", f"{said}; its default is {usual}") from error
        number = getattr(made, name)
        if isinstance(number, float) and not math.isfinite(number):
            raise WrongUsage(f"--set {name}={value}", "give a number that is finite")
    return msgspec.convert(dict(values), config, strict=False)
