"""The verdicts of an audit: a sentence that needs no statistics, then the attacks."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.format import Format
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.words import ABSENT, MINUS, counted, whole
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
    """All verdicts in one of the `FORMATS`, ending in a newline; nothing for none, in most.

    `width` and `colour` matter to `table` alone. Raises `WrongUsage` for an unknown format, or one
    that has no verdicts.
    """
    way: Format = FORMATS.load(format)
    if way.audits is None:
        raise WrongUsage(f"--format {format} of verdicts", "this format shows scores alone")
    return way.audits(rows, width=width, colour=colour)


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
    return _change(row.before, row.after)


def _change(before: float | None, after: float | None) -> str:
    return f"{ABSENT if before is None else whole(before)} → {_percent(after)}"


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
        f"in {WORDS[one.modality]} {_change(one.retained_before, one.retained_after)}"
        for one in model.parts
        if one.modality is not None and one.retained_before is not None
    ]
    earlier = [
        f"in {WORDS[one.modality]} {_change(one.earlier_before, one.earlier_after)}"
        for one in model.parts
        if one.modality is not None and one.earlier_after is not None
    ]
    for what, said in (("Retain set", kept), ("Forgotten earlier", earlier)):
        lines += [f"{what}: {', '.join(said)}"] * bool(said)
    return [line for line in lines if line]


def missing(model: ModelVerdicts) -> list[str]:
    """The attacks that were not applicable, and why."""
    return [
        f"{one.attack} in {WORDS[row.modality]}: {one.reason}"
        for row in model.parts
        if row.modality is not None
        for one in row.attacks
        if not one.applicable
    ]


def part_title(row: Audit, first: str = "in") -> str:
    """`in words: leaking`."""
    asked = f"{first} {WORDS[row.modality]}: " if row.modality else ""
    return f"{asked}{row.verdict}"


def attack_lines(row: Audit) -> Iterator[tuple[str, ...]]:
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


def columns_of(row: Audit) -> tuple[str, ...]:
    """The names of the columns."""
    return (*COLUMNS[:3], row.reference, *COLUMNS[3:])


def legend(row: Audit) -> str:
    """What the numbers are."""
    beside = "the retrained models' mean" if row.reference == "retrained" else "strangers"
    return LEGEND.format(reference=beside, level=_percent(row.level), margin=whole(row.margin))
