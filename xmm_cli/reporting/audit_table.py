"""The verdicts of an audit: a sentence that needs no statistics, then the attacks."""

import csv
from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from typing import NamedTuple

import msgspec

from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.words import ABSENT, MINUS, clean, counted, whole
from xmm_cli.rows.audit import AttackResult, Audit
from xmm_cli.rows.types import Modality

WORDS: dict[Modality, str] = {"image": "pictures", "text": "words"}
COLOURS = {
    "erased": "green",
    "undecided": "yellow",
    "never learned": "yellow",
    "over-forgotten": "magenta",
}
"""Of a verdict; all others are red."""
COLUMNS = ("asked", "before", "unlearned", "difference", "shown")
OF_CSV = (
    "model", "objective", "through", "modality", "verdict", "margin", "level", "persons", "needed",
)  # fmt: skip
LEGEND = (
    "Share of held-out views answered with the right name, mean over people. Difference: unlearned "
    "minus {reference}, in points, with the interval that two one-sided tests at {level} need. "
    "within: shown to be within the margin of {margin} points; beyond: shown to be beyond it (Holm "
    "over all attacks and both modalities); open: neither."
)


class ModelVerdicts(NamedTuple):
    """The rows on one model: the whole, and each modality."""

    whole: Audit
    parts: list[Audit]


def render_audits(rows: Sequence[Audit], format: str = "table", *, width: int, colour: bool) -> str:
    """All verdicts in one of the `FORMATS`, ending in a newline. Raises `WrongUsage`."""
    FORMATS.check(format)
    ways: dict[str, Callable[[Sequence[Audit]], str]] = {
        "markdown": _markdown,
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
        "latex": _latex,
        "html": _html,
    }
    return ways[format](rows) if format in ways else _table(rows, width, colour)


def by_model(rows: Sequence[Audit]) -> list[ModelVerdicts]:
    """The rows of each model together; a row without a modality begins another one."""
    found: list[ModelVerdicts] = []
    for row in rows:
        if row.modality is None:
            found.append(ModelVerdicts(row, []))
        elif found:
            found[-1].parts.append(row)
    return found


def sentence(model: ModelVerdicts) -> str:
    """`Unlearned through pictures: 98 → 0 %. In words 98 → 83 %: leaking.`

    The verdict stands where it is that of the whole.
    """
    parts = sorted(model.parts, key=lambda row: not _worked_on(row))
    worked = [row for row in parts if _worked_on(row)]
    said = [f"Unlearned through {' and '.join(_words(model.whole))}"]
    if len(worked) == 1 and worked[0] is parts[0] and model.whole.through != "both":
        said = [f"{said[0]}: {_numbers(worked[0])}{_ending(worked[0], model.whole)}"]
        parts = parts[1:]
    said += [
        f"In {WORDS[row.modality]} {_numbers(row)}{_ending(row, model.whole)}"
        for row in parts
        if row.modality is not None
    ]
    text = ". ".join(said) + "."
    alike = any(row.verdict == model.whole.verdict for row in model.parts)
    return text if alike else f"{text[:-1]}: {model.whole.verdict}."


def _words(row: Audit) -> list[str]:
    return [words for modality, words in WORDS.items() if row.through in (modality, "both", None)]


def _worked_on(row: Audit) -> bool:
    return row.through in (row.modality, "both", None)


def _numbers(row: Audit) -> str:
    return f"{ABSENT if row.before is None else whole(row.before)} → {_percent(row.after)}"


def _ending(row: Audit, model: Audit) -> str:
    """The verdict, and the attack that brings back most."""
    if row.verdict != model.verdict:
        return ""
    found = next((one for one in row.attacks if one.attack == row.attack), None)
    if row.verdict != "suppressed" or found is None:
        return f": {row.verdict}"
    return f": suppressed ({row.attack} brings back {_percent(found.unlearned)})"


def facts(model: ModelVerdicts) -> list[str]:
    """What was audited by which rule, and why the verdict is so."""
    row = model.whole
    retrained = counted(row.retrained, "retrained model")
    beside = retrained if row.reference == "retrained" else "strangers, as no model was retrained"
    people = counted(row.persons, "person").replace("persons", "people")
    lines = [
        f"{row.objective}, {people}, beside {beside}; margin {whole(row.margin)} points, level "
        f"{_percent(row.level)}",
        row.comment,
    ]
    kept = [
        f"in {WORDS[one.modality]} {whole(one.retained_before)} → {_percent(one.retained_after)}"
        for one in model.parts
        if one.modality is not None and one.retained_before is not None
    ]
    return [*(line for line in lines if line), *([f"Retain set: {', '.join(kept)}"] * bool(kept))]


def missing(model: ModelVerdicts) -> list[str]:
    """The attacks that were not applicable, and why."""
    return [
        f"{one.attack} in {WORDS[row.modality]}: {one.reason}"
        for row in model.parts
        if row.modality is not None
        for one in row.attacks
        if not one.applicable
    ]


def lines(row: Audit) -> Iterator[tuple[str, ...]]:
    """The cells of each way of asking."""
    for one in row.attacks:
        if one.applicable:
            ends = _interval(one)
            beside = _percent(one.reference)
            if one.noise is not None and one.noise >= 0.005:
                beside += f" ±{whole(one.noise / 2)}"
            yield (
                one.attack, _percent(one.before), _percent(one.unlearned), beside, ends,
                _shown(one, row),
            )  # fmt: skip


def _shown(one: AttackResult, row: Audit) -> str:
    if one.p is not None and one.p < row.level:
        return "beyond"
    return "within" if one.within else "open"


def _interval(one: AttackResult) -> str:
    if one.difference is None:
        return ABSENT
    value = whole(one.difference)
    if one.low is None or one.high is None:
        return value
    low, high = whole(one.low), whole(one.high)
    return f"{value} [{low}{' to ' if MINUS in low + high else '–'}{high}]"


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{whole(value)} %"


def header(row: Audit) -> tuple[str, ...]:
    """The names of the columns."""
    return (*COLUMNS[:3], row.reference, *COLUMNS[3:])


def legend(row: Audit) -> str:
    """What the numbers are."""
    beside = "the retrained models' mean" if row.reference == "retrained" else "strangers"
    return LEGEND.format(reference=beside, level=_percent(row.level), margin=whole(row.margin))


def _json(rows: Sequence[Audit]) -> str:
    return f"{msgspec.json.format(msgspec.json.encode(list(rows)), indent=2).decode()}\n"


def _jsonl(rows: Sequence[Audit]) -> str:
    return "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows)


def _csv(rows: Sequence[Audit]) -> str:
    """A line for each way of asking; a row of the whole has none, and one line."""
    names = list(AttackResult.__struct_fields__)
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*OF_CSV, *names])
    for row in rows:
        given = msgspec.structs.asdict(row) | {"model": " ".join(row.models)}
        own = [given[name] for name in OF_CSV]
        attacked = [msgspec.structs.asdict(one) for one in row.attacks] or [{}]
        for one in attacked:
            cells = [*own, *(one.get(name) for name in names)]
            writer.writerow([clean(cell) if isinstance(cell, str) else cell for cell in cells])
    return file.getvalue()


def _markdown(rows: Sequence[Audit]) -> str:
    from xmm_cli.reporting.formats.markdown import escape

    parts = []
    for model in by_model(rows):
        parts.append(f"**{escape(clean(sentence(model)))}**")
        parts += [escape(clean(line)) for line in facts(model)]
        for row in model.parts:
            if row.modality is not None:
                parts.append(f"### In {WORDS[row.modality]}: {row.verdict}")
            table = [header(row), ["---"] * len(header(row)), *lines(row)]
            parts.append(
                "\n".join(f"| {' | '.join(escape(clean(c)) for c in cells)} |" for cells in table)
            )
        parts += [f"Not applicable: {escape(clean(line))}" for line in missing(model)]
        parts.append(escape(legend(model.whole)))
    return "\n\n".join(parts) + "\n" if parts else ""


def _latex(rows: Sequence[Audit]) -> str:
    from xmm_cli.reporting.formats.latex import escape, tabular

    parts = []
    for model in by_model(rows):
        parts.append(f"\\paragraph{{{escape(clean(sentence(model)))}}}")
        for row in model.parts:
            cells = [[escape(clean(cell)) for cell in line] for line in lines(row)]
            parts.append(tabular([escape(name) for name in header(row)], cells))
        parts.append(escape(legend(model.whole)))
    return "\n\n".join(parts) + "\n" if parts else ""


def _html(rows: Sequence[Audit]) -> str:
    from xmm_cli.reporting.formats.html import escape, table

    parts = []
    for model in by_model(rows):
        parts.append(f"<section>\n<h2>Verdict: {escape(model.whole.verdict)}</h2>")
        parts.append(f'<p class="verdict"><strong>{escape(sentence(model))}</strong></p>')
        parts += [f"<p>{escape(line)}</p>" for line in facts(model)]
        for row in model.parts:
            cells = [[escape(cell) for cell in line] for line in lines(row)]
            asked = f"in {WORDS[row.modality]}" if row.modality else ""
            parts.append(table(f"Asked {asked}: {row.verdict}", header(row), cells, "audit"))
        if absent := missing(model):
            items = "".join(f"<li>{escape(line)}</li>" for line in absent)
            parts.append(f"<p>Not applicable:</p><ul>{items}</ul>")
        parts.append(f'<p class="legend">{escape(legend(model.whole))}</p>\n</section>')
    return "\n".join(parts) + "\n" if parts else ""


def _table(rows: Sequence[Audit], width: int, colour: bool) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from xmm_cli.reporting.terminal import printed

    shown: list[RenderableType] = []
    for model in by_model(rows):
        style = COLOURS.get(model.whole.verdict, "red")
        shown.append(Text(clean(sentence(model)), f"bold {style}"))
        shown += [Text(clean(line)) for line in facts(model)]
        for row in model.parts:
            table = Table(box=SIMPLE_HEAD, header_style="", padding=(0, 1), pad_edge=False)
            names = header(row)
            title = f"in {WORDS[row.modality]}: {row.verdict}" if row.modality else ""
            for name in (title, *names[1:]):
                left = name in (title, "shown")
                table.add_column(name, justify="left" if left else "right", overflow="fold")
            for cells in lines(row):
                table.add_row(*(Text(clean(cell)) for cell in cells))
            shown.append(table)
        shown += [Text(clean(f"Not applicable: {line}")) for line in missing(model)]
        shown += [Text(legend(model.whole), "dim"), Text("")]
    return printed(shown[:-1], width=width, colour=colour)
