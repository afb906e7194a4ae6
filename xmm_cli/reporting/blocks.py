"""Score rows put in the order in which a reader meets them, before any format.

A block is one group of comparable scores: a task, split, set and condition. It has a panel for each
way of answering: the memory grid (learned from, asked with), the metrics across its cells, and what
to know about them.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from xmm_cli.reporting.metric_lines import MetricLine, absences, metric_lines
from xmm_cli.reporting.words import asked_how, clean, counted, labels, percent, span, whole
from xmm_cli.rows.types import MODALITIES, Answer, Score, Source

ROWS: tuple[tuple[Source | None, str], ...] = (
    ("image", "learned from images"),
    ("text", "learned from text"),
    ("both", "learned from both"),
    (None, "not trained"),
)
COLUMNS = ("asked with an image", "asked with text")
METRIC_COLUMNS = ["measure", "direction", "value", "verdict"]
USUAL = (
    "BCa ",
    "Clopper-Pearson ",
    "MOVER ",
    "interval ",
    "chance from ",
    "chance 1/",
    "none: ",
    "p of ",
    "Holm ",
)
"""Beginnings of remarks in `method` that need no note: tables and footnote say them."""
DETECTABLE = "detectable_gap"
SEEDS = "times as wide for "
"""In `method` where an interval over persons is widened for their seeds."""
EXCEEDED = "(these: "
"""In `method` where seeds differ by more than the interval holds for."""
VISIBLE = 0.02
"""Recall and memory that differ by less tell a reader the same."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell of the grid."""

    recall: str
    memory: str | None
    """Only where it differs visibly from recall."""
    same: bool
    """Whether it was asked as it was learned."""


@dataclass(frozen=True, slots=True)
class BlockPanel:
    """One way of answering in a block."""

    title: str
    grid: list[tuple[str, list[GridCell | None]]]
    lines: list[MetricLine]
    said: list[str]
    """The lines in sentences, and how small a gap could be seen."""
    notes: list[str]

    def tables(
        self, escape: Callable[[str], str], written: Callable[[GridCell | None], str]
    ) -> Iterator[tuple[list[str], list[list[str]]]]:
        """Header and rows of the grid and of the metrics, where there are any, as a format has it.

        `escape` is for its texts, `written` for the cells of the grid.
        """
        if self.grid:
            rows = [[escape(name), *map(written, cells)] for name, cells in self.grid]
            yield ["", *COLUMNS], rows
        if self.lines:
            values = [
                (line.measure, line.direction, line.value, line.judged) for line in self.lines
            ]
            yield METRIC_COLUMNS, [[escape(text) for text in row] for row in values]


@dataclass(frozen=True, slots=True)
class Block:
    """One group of comparable scores."""

    title: str
    condition: str
    size: str
    panels: list[BlockPanel]


Spot = tuple[str, Source | None, str | None]
"""Metric, source and modality of a score."""


def blocks_of(scores: Sequence[Score]) -> list[Block]:
    """All blocks, in the order in which their first score comes."""
    groups: dict[tuple[object, ...], list[Score]] = {}
    for score in scores:
        condition = tuple((name, repr(value)) for name, value in sorted(score.condition.items()))
        key = (score.task, score.split, score.set, condition)
        groups.setdefault(key, []).append(score)
    return [_block(*part) for group in groups.values() for part in _by_run(group)]


def _by_run(scores: list[Score]) -> list[tuple[list[Score], str]]:
    """The scores with nothing to add; where two runs scored the same cell, each run's, and which.

    So two files of scores do not cover each other's numbers.
    """
    runs: dict[str | None, list[Score]] = {}
    for score in scores:
        runs.setdefault(score.run, []).append(score)
    spots = [
        {(score.answer, score.metric, score.source, score.modality) for score in run}
        for run in runs.values()
    ]
    if sum(map(len, spots)) == len(set().union(*spots)):
        return [(scores, "")]
    return [(run, f"run {clean(name)}" if name else "scored here") for name, run in runs.items()]


def footnote(scores: Iterable[Score]) -> str:
    """What the brackets, the mark and the verdict mean."""
    shown = list(scores)
    levels = sorted({score.level for score in shown})
    percents = " or ".join(f"{100 * level:g} %" for level in levels)
    compared = any(score.p_holm is not None for score in shown)
    holm = f" and Holm's p is below {' or '.join(f'{1 - level:.2g}' for level in levels)}"
    seeds = (
        ", widened for seeds that differ" if any(SEEDS in score.method for score in shown) else ""
    )
    return (
        f"[ ]  {percents} interval over persons{seeds}: BCa bootstrap; exact (Clopper-Pearson), or "
        "made from exact ones (MOVER), near 0 and 100 %. Clear: the interval excludes zero"
        f"{holm if compared else ''}."
    )


def _block(scores: list[Score], run: str) -> Block:
    first = scores[0]
    parts = [f"Task: {first.task}"]
    parts += {"heldout": ["held-out views"], "train": ["training views"]}.get(first.split or "", [])
    parts += [f"{first.set} set"] if first.set else []
    parts += [run] if run else []
    answers: tuple[Answer, ...] = ("generate", "rank")
    panels = [
        _panel(answer, [score for score in scores if score.answer == answer])
        for answer in answers
        if any(score.answer == answer for score in scores)
    ]
    return Block(" · ".join(parts), labels(first.condition), _size(scores), panels)


def _size(scores: list[Score]) -> str:
    """Persons and questions; asking the untrained base counts where nothing else was asked."""
    asked = [score for score in scores if score.metric == "recall"] or scores
    asked = [score for score in asked if score.source] or asked
    one_way = [score for score in asked if score.answer == asked[0].answer]
    persons = span({score.personas for score in asked}, "person")
    return f"{persons}, {counted(sum(score.n for score in one_way), 'question')}"


def _panel(answer: Answer, scores: list[Score]) -> BlockPanel:
    spots: dict[Spot, Score] = {
        (score.metric, score.source, score.modality): score for score in scores
    }
    grid = []
    for source, name in ROWS:
        cells = [_cell(spots, source, modality) for modality in MODALITIES]
        if any(cells):
            grid.append((name, cells))
    if answer == "rank" and (row := _guessing(spots)):
        grid.append(row)
    title = asked_how(answer, scores[0].task, _candidates(scores))
    lines = metric_lines([score for score in scores if score.metric != DETECTABLE])
    said = [line.sentence for line in lines if line.sentence]
    return BlockPanel(title, grid, lines, [*said, *_power(scores)], _notes(scores))


def _power(scores: list[Score]) -> list[str]:
    """`Smallest gap that 96 persons show at 80 % power: 15 points.`."""
    told: dict[tuple[int, str], dict[str, list[str]]] = {}
    for score in scores:
        if score.metric == DETECTABLE and score.value is not None:
            power, _, rest = score.method.partition(" power")
            shown = told.setdefault((score.personas, f" at {clean(power)} power" * bool(rest)), {})
            way = f"{score.source} → {score.modality}"
            shown.setdefault(f"{whole(score.value)} points", []).append(way)
    said = []
    for (persons, at), gaps in told.items():
        ways = [f"{gap} {' and '.join(where)}" for gap, where in gaps.items()]
        alike = next(iter(gaps)) if len(gaps) == 1 else ", ".join(ways)
        said.append(f"Smallest gap that {counted(persons, 'person')} show{at}: {alike}.")
    return said


def _cell(spots: dict[Spot, Score], source: Source | None, modality: str) -> GridCell | None:
    recall = spots.get(("recall", source, modality))
    memory = spots.get(("memory", source, modality))
    if recall is None or recall.value is None:
        return None if memory is None else GridCell(percent(memory), None, source == modality)
    shown = None
    if memory is not None and memory.value is None:
        shown = "memory: none"
    elif memory is not None and memory.value is not None:
        differs = abs(memory.value - recall.value) >= VISIBLE
        shown = f"memory {percent(memory)}" if differs else None
    return GridCell(percent(recall), shown, source == modality)


def _guessing(spots: dict[Spot, Score]) -> tuple[str, list[GridCell | None]] | None:
    """The row of chance, which is the same whatever was learned."""
    cells: list[GridCell | None] = []
    for modality in MODALITIES:
        chances = [
            score
            for (metric, _, target), score in spots.items()
            if (metric, target) == ("chance", modality) and score.value is not None
        ]
        cells.append(GridCell(percent(chances[0]), None, False) if chances else None)
    return ("by guessing", cells) if any(cells) else None


def _candidates(scores: list[Score]) -> int | None:
    """N, where chance is 1/N throughout."""
    chances = {score.value for score in scores if score.metric == "chance" and score.value}
    if len(chances) != 1:
        return None
    number = 1 / chances.pop()
    whole = math.isfinite(number) and abs(number - round(number)) < 1e-6
    return round(number) if whole else None


def _notes(scores: list[Score]) -> list[str]:
    """Why values are absent, and remarks that a reader should see, each once."""
    shown = [score for score in scores if score.metric != DETECTABLE]
    remarks = [
        clean(remark)
        for score in shown
        for remark in score.method.split("; ")
        if remark and not remark.startswith(USUAL) and SEEDS not in remark
    ]
    if any(EXCEEDED in score.method for score in shown):
        remarks.append(
            "seeds differ by more than some intervals hold for: see `method` of the rows"
        )
    return [
        *absences(shown),
        *(f"{remark[0].upper()}{remark[1:]}." for remark in dict.fromkeys(remarks)),
    ]
