"""The parts of the guide's pages that are made from the code, between two comments.

`<!-- NAME -->` and `<!-- /NAME -->` stand around such a part; `PARTS` says what makes it.
"""

import ast
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module, resources
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from xmm_cli.completion.man import CODES
from xmm_cli.guide import FOLDER, TOPICS, page
from xmm_cli.probing.attacks import ATTACKS
from xmm_cli.registry import Registry
from xmm_cli.rows import types
from xmm_cli.rows.audit import AttackResult

FINDINGS = Path(__file__).parents[2] / "examples/results/findings.csv"
"""What `xmm report --findings --format csv` wrote of the study."""

SHARED = {
    "path": "The file.",
    "view": "The number of the view.",
    "split": "Whether the view is for training or for questions.",
    "low": "The lower end of the interval.",
    "high": "The upper end of the interval.",
    "value": "The value.",
    "effect": "The value.",
    "verdict": "See above.",
    "layers": "How many layers there are.",
    "base": "The model without the adapter.",
    "source": "The modality in which the people were learned.",
    "modality": "The modality of the question.",
    "checkpoint": "The folder of the checkpoint.",
    "persona": "The id of the person.",
    "dataset": "The fingerprint of the data set.",
    "set": "The set of people, after unlearning.",
    "seed": "The seed.",
    "command": "The name of the command.",
    "unit": "The unit of the effect.",
    "task": "What is asked for.",
    "text": "The description.",
    "condition": "Labels.",
}
"""What a field means that has no note of its own in the source."""


def pages() -> dict[str, str]:
    """Every page of the guide by its file name, each generated part made anew."""
    return {f"{topic}.md": _filled(page(topic)) for topic in TOPICS}


def write() -> None:
    """Write the pages with their generated parts."""
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


def _filled(text: str) -> str:
    for name, make in PARTS.items():
        opened, closed = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, mark, rest = text.partition(f"{opened}\n")
        if mark:
            text = f"{before}{opened}\n{make()}{closed}{rest.partition(closed)[2]}"
    return text


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    made = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in made)


def _row_kinds() -> str:
    """A section for each kind of row, and for what stands inside one."""
    parts = []
    kinds: list[Any] = [*types.ROW_TYPES, types.ImageView, types.TextView, AttackResult]
    for kind in kinds:
        tag = kind.__struct_config__.tag
        title = f"`{tag}`" if tag else f"An item of `{_holder(kind)}`"
        about = _null(" ".join((kind.__doc__ or "").split()))
        lines = [
            (f"`{name}`", _escaped(_type_text(hint)), _escaped(note_of(kind, name)))
            for name, hint in get_type_hints(kind, include_extras=True).items()
            if not name.startswith("_") and (name not in ("schema", "run") or kind is types.Row)
        ]
        parts.append(f"## {title}\n\n{about}\n\n" + _table(("field", "type", "meaning"), lines))
    return "\n".join(parts)


def note_of(kind: type, field: str) -> str:
    """What the source says of a field; for a few fields that many kinds have, what they share."""
    notes = _field_notes()
    own = [notes[one.__name__, field] for one in kind.__mro__ if (one.__name__, field) in notes]
    return _null(own[0] if own else SHARED.get(field, ""))


def _null(text: str) -> str:
    """Python's None as JSON has it."""
    return re.sub(r"\bNone\b", "null", text)


def _holder(kind: type) -> str:
    return next(
        name
        for row in types.ROW_TYPES
        for name, hint in get_type_hints(row).items()
        if kind in get_args(hint)
    )


@cache
def _field_notes() -> dict[tuple[str, str], str]:
    """(struct, field) → the string below the field in the source."""
    found = {}
    files = ("row.py", "audit.py", "types.py")
    sources = [resources.files("xmm_cli.rows").joinpath(one).read_text("utf-8") for one in files]
    for struct in (node for source in sources for node in ast.parse(source).body):
        if isinstance(struct, ast.ClassDef):
            for field, note in zip(struct.body, struct.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(note, ast.Expr):
                    name = ast.unparse(field.target)
                    found[struct.name, name] = str(ast.literal_eval(note.value))
    return found


def _type_text(hint: Any) -> str:
    """A type in plain words: `one of image, text; or null`."""
    if get_origin(hint) is Annotated:
        return _type_text(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return " or ".join(f'"{value}"' for value in get_args(hint))
    inner = get_args(hint)
    if get_origin(hint) in (tuple, list):
        return f"list of {_type_text(inner[0])}"
    if get_origin(hint) is dict:
        return f"object of {_type_text(inner[1])}"
    if inner:
        return ", ".join(_type_text(kind) for kind in inner)
    words = {str: "text", int: "integer", float: "number", bool: "true or false"}
    if hint is type(None):
        return "null"
    return words.get(hint, "object, see below")


def _exit_codes() -> str:
    return _table(("code", "meaning"), [(str(int(code)), text) for code, text in CODES.items()])


def _registries() -> Iterator[tuple[str, Registry]]:
    """Every table of methods of the package, and the module that has it."""
    root = FOLDER.parent
    for file in sorted(root.rglob("*.py")):
        name = ".".join(file.relative_to(root.parent).with_suffix("").parts)
        module = name.removesuffix(".__init__")
        tables = re.findall(r"^(\w+) = Registry\(", file.read_text("utf-8"), re.MULTILINE)
        yield from ((module, getattr(import_module(module), table)) for table in tables)


def _methods() -> str:
    """A table for each registry: name, what it is, file; of an objective the formula too."""
    parts = []
    for module, registry in _registries():
        lines = []
        for name, entry in registry._entries.items():  # those of xmm itself
            file = entry.target.partition(":")[0].replace(".", "/") + ".py"
            link = f"[{file}](../{file.removeprefix('xmm_cli/')})"
            formula = f": `{_formula(file)}`" if registry.kind == "objective" else ""
            usual = registry.hyperparameters(name).items()
            settable = "".join(f" `--set {field}={value}`" for field, value in usual)
            about = _escaped(entry.summary + formula) + settable
            lines.append((f"`{name}`", about, link))
        if lines:
            heading = f"### {registry.kind[0].upper()}{registry.kind[1:]}, in `{module}`\n\n"
            table = _table(("name", "what it is", "file"), lines)
            parts.append(heading + _symbols(module) + table)
    return "\n".join(parts)


def _symbols(module: str) -> str:
    """What the symbols in the formulas of objectives mean, from the folder's docstring."""
    if not module.endswith("objectives"):
        return ""
    return (import_module(module).__doc__ or "").split("\n\n")[1] + "\n\n"


def _formula(file: str) -> str:
    """The formula in the first sentence of a method's file."""
    source = (FOLDER.parents[1] / file).read_text("utf-8")
    first = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0]
    return " ".join(first.split()).partition(": ")[2].rstrip(".")


def _attacks() -> str:
    """The attacks: name, what is done, and the papers that their file names."""
    lines = []
    for name, entry in ATTACKS._entries.items():  # those of xmm itself
        file = entry.target.partition(":")[0].replace(".", "/") + ".py"
        source = ast.parse((FOLDER.parents[1] / file).read_text("utf-8"))
        papers = dict.fromkeys(_PAPER.findall(ast.get_docstring(source) or ""))
        links = ", ".join(f"[{paper}](https://arxiv.org/abs/{paper})" for paper in papers)
        lines.append((f"`{name}`", _escaped(entry.summary), links))
    return _table(("attack", "what is done", "arXiv"), lines)


_PAPER = re.compile(r"\b\d{4}\.\d{5}\b")


def _findings() -> str:
    """The findings of the study in sentences and as a table, in the order of the file."""
    from xmm_cli.reporting.findings_sentences import sentences
    from xmm_cli.reporting.findings_table import effect_of, p_of, spread_of

    with FINDINGS.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    parts = []
    for family, group in groupby(read, key=lambda line: line["family"]):
        lines = []
        rows = [msgspec.convert(_given(line), types.Finding, strict=False) for line in group]
        for row in rows:
            cells = (row.claim, effect_of(row), p_of(row), str(row.seeds), spread_of(row))
            lines.append(tuple(_escaped(cell) for cell in (*cells, row.verdict, row.comment)))
        headings = ("finding", "effect", "p (Holm)", "seeds", "spread", "verdict", "comment")
        empty = [number for number in (2, 4) if not any(line[number] for line in lines)]
        kept = [number for number in range(len(headings)) if number not in empty]
        shown = [tuple(line[number] for number in kept) for line in lines]
        said = "".join(f"- {_escaped(sentence)}\n" for sentence in sentences(rows))
        table = _table(tuple(headings[i] for i in kept), shown)
        parts.append(f"## {family}\n\n{said}\n{table}")
    return "\n".join(parts)


def _given(line: dict[str, str]) -> dict[str, Any]:
    """The fields that the line has; persons are not shown, and older files do not have them."""
    given: dict[str, Any] = {name: value for name, value in line.items() if value != ""}
    given["by_seed"] = msgspec.json.decode(given.get("by_seed", "{}"))
    nothing = {"effect": None, "low": None, "high": None, "measure": "", "persons": 0}
    return nothing | given


PARTS: dict[str, Callable[[], str]] = {
    "rows": _row_kinds,
    "exit-codes": _exit_codes,
    "methods": _methods,
    "attacks": _attacks,
    "findings": _findings,
}
"""Name between the comments → what makes the text."""
