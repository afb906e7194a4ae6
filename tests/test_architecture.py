"""The parts of xmm know each other in one direction only.

The sources are parsed, not run: imports inside functions count, and so do the lazy targets of
registries (`"xmm_cli.training.objectives.npo:loss"`).
"""

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import xmm_cli

PACKAGE = Path(xmm_cli.__file__).parent
DOMAINS = {"personas", "training", "probing", "study", "reporting"}
BELOW_ROWS = {
    "command_line",
    "compat",
    "errors",
    "flags",
    "garbage",
    "processes",
    "registry",
    "streams",
}
BELOW_MODELS = BELOW_ROWS | {"rows"}
BELOW_SCORING = BELOW_MODELS | {"models"}
BELOW_DOMAINS = BELOW_SCORING | {"scoring"}
MAY_IMPORT: dict[str, set[str]] = {
    "compat": set(),
    "errors": set(),
    "flags": set(),
    "encoding": set(),
    "command_line": set(),
    "console": {"encoding"},
    "garbage": set(),
    "processes": {"errors"},
    "plugins": {"errors"},
    "registry": {"errors", "plugins"},
    "streams": set(),
    "usage": {"errors", "registry"},
    "rows": BELOW_ROWS,
    "models": BELOW_MODELS,
    "scoring": BELOW_SCORING,
    **dict.fromkeys(DOMAINS, BELOW_DOMAINS),
    # how the shipped model was made: an entry point of its own, as a command is
    "pretraining": BELOW_DOMAINS | {"console", "personas", "training", "probing"},
    "commands": BELOW_DOMAINS | DOMAINS | {"console", "encoding", "guide"},
    "guide": set(),
    # writes completions, man pages and the guide's tables; nothing that runs imports it
    "completion": BELOW_DOMAINS | DOMAINS | {"api", "app", "commands", "guide"},
    "stopping": {"errors"},
    "app": {"command_line", "commands", "console", "errors", "registry", "stopping", "usage"},
    "__main__": {"app"},
    # the commands as Python functions, beside the command line
    "api": {"commands", "console", "errors", "flags", "rows", "streams"},
    "__init__": {"api"},
}
"""Part → the other parts that it may import."""

ONLY_IN = {
    "typer": {"app", "commands", "console", "usage"},
    "rich": {"commands", "console", "guide", "reporting"},
}
TORCH = {"torch", "transformers", "peft"}
WITHOUT_TORCH = {
    "errors",
    "flags",
    "garbage",
    "plugins",
    "registry",
    "console",
    "app",
    "stopping",
    "rows",
    "scoring",
    "study",
    "reporting",
}
HEAVY = TORCH | {"diffusers", "duckdb", "matplotlib", "scipy", "statsmodels", "rapidfuzz"}
QUICK_TO_IMPORT = {
    "compat",
    "app",
    "stopping",
    "__main__",
    "errors",
    "flags",
    "garbage",
    "plugins",
    "registry",
    "console",
    "rows",
    "commands",
}
LAZY_TARGET = re.compile(r"^xmm_cli(\.\w+)+(?=:\w+$)")


class Import(NamedTuple):
    module: str
    line: int
    late: bool
    """Inside a function: paid for only when that is called."""
    lazy: bool
    """The target of a registry."""


def imports(source: str, module: str) -> Iterator[Import]:
    """Every module that this one names, absolute."""
    tree = ast.parse(source)
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    package = module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names = [f"{origin}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            target = LAZY_TARGET.match(node.value)
            names = [target[0]] if target else []
        else:
            continue
        for name in names:
            lazy = isinstance(node, ast.Constant)
            yield Import(name, node.lineno, id(node) in late or lazy, lazy)


def part_of(module: str) -> str | None:
    """The part that a dotted name belongs to; None for `xmm_cli` itself and its `__version__`."""
    names = module.split(".")[1:]
    return names[0] if names and names[0] in MAY_IMPORT else None


def wrong_arrows(source: str, module: str) -> list[str]:
    """What a source file imports and should not."""
    part = part_of(module)
    if part is None:
        return [f"{module}: no part of that name in MAY_IMPORT"]
    found = []
    for name, line, late, _ in imports(source, module):
        root = name.split(".")[0]
        other = part_of(name) if root == "xmm_cli" else None
        where = f"{module}:{line}"
        if other not in (None, part) and other not in MAY_IMPORT[part]:
            found.append(f"{where}: {part} imports {other}")
        if root in ONLY_IN and part not in ONLY_IN[root]:
            found.append(f"{where}: {part} imports {root}")
        if root in TORCH and part in WITHOUT_TORCH:
            found.append(f"{where}: {part} imports {root}")
        elif root in HEAVY and part in QUICK_TO_IMPORT and not late:
            found.append(f"{where}: {part} imports {root} when it is loaded")
    return found


def modules() -> dict[str, Path]:
    """Dotted name → file. A package is named `….__init__`, as its relative imports need."""
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@pytest.mark.parametrize("module", modules())
def test_arrows_point_down(module):
    assert wrong_arrows(modules()[module].read_text("utf-8"), module) == []


def test_no_circle_stands_inside_a_room():
    """Imports for types alone count too: who reads one file should not need the other first."""
    sources = {name.removesuffix(".__init__"): path for name, path in modules().items()}
    graph = {}
    for name, path in sources.items():
        module = f"{name}.__init__" if path.name == "__init__.py" else name
        named = {other.module for other in imports(path.read_text("utf-8"), module)}
        parents = {other.rpartition(".")[0] for other in named - sources.keys()}
        graph[name] = {other for other in named | parents if other in sources} - {name}
    lazy = {name for name in graph if sources[name].name == "__init__.py"}
    for name in lazy:  # a registry names its methods, and a method knows the room's types
        graph[name] = {other for other in graph[name] if not other.startswith(f"{name}.")}
    TopologicalSorter(graph).prepare()


MOST_LINES = {"file": 300, "function": 50}


def larger(source: str) -> list[str]:
    """What of a source file does not fit a screen, or is more than one sitting."""
    sizes = {"file": len(source.splitlines())} | {
        f"function {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return [
        f"{name}: {lines} lines"
        for name, lines in sizes.items()
        if lines > MOST_LINES[name.split()[0]]
    ]


def test_functions_and_files_are_small():
    found = {name: larger(path.read_text("utf-8")) for name, path in modules().items()}
    assert {name: said for name, said in found.items() if said} == {}


def test_what_is_too_large_is_seen():
    body = "    pass\n" * 50
    assert larger(f"class A:\n  def f():\n{body}") == ["function f: 51 lines"]
    assert larger("x = 1\n" * 301) == ["file: 301 lines"]


NAMED_BY_THEIR_USE = {
    "__init__": "every folder has it",
    "__main__": "`python -m` asks for it",
    "train": "the command, and the run that it starts",
    "unlearn": "the command, and the run that it starts",
    "probe": "the command, and the asking that it starts",
    "score": "the command, and the counting that it starts",
}
"""File names that may stand in more than one folder, with the reason.

The file of a method (the target of a registry) is named as users type the method, so that the
names of methods of two kinds may be the same: `csv` is a source of people and a format.
"""
TYPES_OF_EACH_METHOD = {"Config": "the hyper-parameters of one method, beside it"}


def methods() -> set[str]:
    """The modules that registries name, and the commands."""
    named = {name for name in modules() if re.fullmatch(r"xmm_cli\.commands\.\w+", name)}
    for name, path in modules().items():
        named |= {other.module for other in imports(path.read_text("utf-8"), name) if other.lazy}
    return named


def types(source: str) -> set[str]:
    """The public names of a file's classes and of its aliases of types."""
    named = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            named.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.add(node.targets[0].id)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            named.add(node.target.id)
    return {name for name in named if re.fullmatch(r"[A-Z][A-Z0-9]*[a-z]\w*", name)}


def in_two_places(names: Iterable[tuple[str, str]], allowed: Collection[str]) -> dict[str, list]:
    """From (name, where it stands): the names that stand in several places, and where."""
    places: dict[str, list[str]] = {}
    for name, place in names:
        places.setdefault(name, []).append(place)
    return {name: where for name, where in places.items() if len(where) > 1 and name not in allowed}


def test_a_type_name_stands_in_one_file():
    names = [
        (name, module) for module, path in modules().items() for name in types(path.read_text())
    ]
    assert in_two_places(names, TYPES_OF_EACH_METHOD) == {}


def test_a_file_name_stands_in_one_folder():
    of_methods = methods()
    names = [(path.stem, name) for name, path in modules().items()]
    twice = in_two_places(names, NAMED_BY_THEIR_USE)
    twice = {name: where for name, where in twice.items() if not set(where) <= of_methods}
    assert twice == {}


def test_a_name_in_two_places_is_seen():
    assert types("class A1b: pass\nRows = list[int]\nLIMIT = 3\n_Own = int\nX: int = 1") == {
        "A1b",
        "Rows",
    }
    names = [("Row", "a"), ("Row", "b"), ("Config", "a"), ("Config", "b"), ("Score", "a")]
    assert in_two_places(names, TYPES_OF_EACH_METHOD) == {"Row": ["a", "b"]}
    assert {"xmm_cli.reporting.formats.csv", "xmm_cli.commands.train"} <= methods()
    assert "xmm_cli.training.train" not in methods()


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules().values()}), ids=str)
def test_every_folder_is_a_package_and_says_what_it_is(folder):
    marker = folder / "__init__.py"
    assert marker.is_file()
    assert ast.get_docstring(ast.parse(marker.read_text("utf-8")))


PLANTED = [
    ("xmm_cli.rows.reader", "from xmm_cli.models import load", "rows imports models"),
    ("xmm_cli.rows.reader", "from xmm_cli import models", "rows imports models"),
    ("xmm_cli.rows.reader", "import xmm_cli.scoring.metric", "rows imports scoring"),
    ("xmm_cli.rows.reader", "from ..probing import x", "rows imports probing"),
    ("xmm_cli.rows.__init__", "from ..probing import x", "rows imports probing"),
    ("xmm_cli.rows.reader", "def f():\n    import torch", "rows imports torch"),
    ("xmm_cli.scoring.a", "def f():\n    from xmm_cli.reporting import b", "scoring imports repo"),
    ("xmm_cli.scoring.a", "from peft.x import y", "scoring imports peft"),
    ("xmm_cli.training.a", "M = {'a': 'xmm_cli.probing.b:c'}", "training imports probing"),
    ("xmm_cli.training.a", "import rich.table", "training imports rich"),
    ("xmm_cli.training.a", "from xmm_cli.console import say", "training imports console"),
    ("xmm_cli.reporting.a", "import typer", "reporting imports typer"),
    ("xmm_cli.personas.a", "from xmm_cli.commands import train", "personas imports commands"),
    (
        "xmm_cli.models.load",
        "from xmm_cli.pretraining.pretrain import x",
        "models imports pretraining",
    ),
    ("xmm_cli.pretraining.x", "from xmm_cli.reporting import a", "pretraining imports reporting"),
    ("xmm_cli.commands.probe", "import torch", "commands imports torch when it is loaded"),
    ("xmm_cli.commands.a", "if True:\n    import duckdb", "commands imports duckdb when"),
    ("xmm_cli.app", "from xmm_cli.rows import reader", "app imports rows"),
    ("xmm_cli.unheard_of", "", "no part of that name"),
]


@pytest.mark.parametrize(("module", "source", "said"), PLANTED)
def test_a_planted_wrong_arrow_is_found(module, source, said):
    (found,) = wrong_arrows(source, module)
    assert said in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("xmm_cli.commands.probe", "def run():\n    import torch"),
        ("xmm_cli.commands.probe", "from xmm_cli.training import loop\nimport rich"),
        ("xmm_cli.training.run.loop", "import torch\nfrom xmm_cli import __version__"),
        ("xmm_cli.training.run.loop", "from . import batches\nfrom .objectives import npo"),
        ("xmm_cli.pretraining.pretrain", "from xmm_cli.training import loop"),
        ("xmm_cli.scoring.a", "import duckdb\nimport scipy.stats"),
        ("xmm_cli.scoring.a", "TEXT = 'see xmm_cli.reporting:tables for more'"),
    ],
)
def test_right_arrows_are_left_alone(module, source):
    assert wrong_arrows(source, module) == []


def test_loading_the_quick_parts_loads_nothing_heavy():
    names = [
        name.removesuffix(".__init__")
        for name in modules()
        if part_of(name) in QUICK_TO_IMPORT - {"__main__", "commands"}
    ]
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(*sorted({HEAVY | {'rich'}!r} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
