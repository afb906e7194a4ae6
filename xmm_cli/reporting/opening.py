"""What a report opens with: what was found, in sentences; before and after unlearning, in a table.

A sentence says no more than rows and intervals support. A gap or a leak is told where its row is
clear. One value is clearly lower than another where their intervals do not meet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xmm_cli.reporting.blocks import Block, BlockPanel, GridCell
from xmm_cli.reporting.words import asked_how, labels, percent, share, verdict, whole
from xmm_cli.rows.types import MODALITIES, Answer, Label, Modality, Score

NOUNS: dict[str, str] = {"image": "pictures", "text": "descriptions", "both": "both modalities"}
OTHER: dict[str, Modality] = {"image": "text", "text": "image"}
UNUSUAL = {"attack", "control"}
"""Labels of what was not asked plainly."""
MOST = 4
"""So many groups are told in sentences; of more, the tables have each."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Sentences, and a block for each model that people were unlearned from."""

    sentences: list[str]
    blocks: list[Block]


@dataclass(slots=True)
class Recalled:
    """The scores of one way of answering, in one condition, of what was learned from one source."""

    task: str
    source: str
    set: str | None
    answer: Answer
    condition: dict[str, Label]
    spots: dict[tuple[str, str | None], Score] = field(default_factory=dict)
    """By metric and modality."""
    ambiguous: bool = False
    """Whether two rows say what one spot holds."""

    def get(self, metric: str, modality: str | None) -> Score | None:
        """The score, if it has a value."""
        score = self.spots.get((metric, modality))
        return None if score is None or score.value is None else score

    @property
    def asked(self) -> list[Modality]:
        """The modalities of which there is a recall; what was learned comes first."""
        first = sorted(MODALITIES, key=lambda one: one != self.source)
        return [one for one in first if self.get("recall", one) is not None]

    @property
    def persons(self) -> int:
        """How many people it is about."""
        return max((score.personas for score in self.spots.values()), default=0)


def opening(scores: Sequence[Score]) -> Opening:
    """What held-out views say of each model, if there are not too many."""
    groups = _groups(scores)
    learned = [one for one in groups if one.set is None and "through" not in one.condition]
    forgot = [one for one in groups if one.set == "forget" and "through" in one.condition]
    befores = [_before(one, learned) for one in forgot]
    told = [one for one in learned if not any(one is before for before in befores)]
    if len(told) > MOST or len(forgot) > MOST:
        return Opening([], [])
    sentences = [f"{_which(one, told)}{_learned(one)}" for one in told]
    blocks = []
    for group, before in zip(forgot, befores, strict=True):
        kept = _of_set("retain", group, groups)
        said = [*_unlearned(group, before, kept)]
        if (earlier := _of_set("earlier", group, groups)) is not None:
            parts = [f"{_recall(earlier, one)} of {NOUNS[one]}" for one in earlier.asked]
            said.append(f"Forgotten earlier, {_right(earlier)} {' and '.join(parts)}.")
        sentences.append(f"{_which(group, forgot)}{' '.join(said)}")
        blocks.append(_side_by_side(group, before, kept))
    return Opening(sentences, blocks)


def _groups(scores: Sequence[Score]) -> list[Recalled]:
    """Groups of people who were learned; ranks only where nothing was generated."""
    found: dict[tuple[object, ...], Recalled] = {}
    for score in scores:
        if score.source is None or score.split == "train" or UNUSUAL & score.condition.keys():
            continue
        condition = tuple((name, repr(value)) for name, value in sorted(score.condition.items()))
        key = (score.task, score.source, score.set, condition, score.answer)
        new = Recalled(score.task, score.source, score.set, score.answer, score.condition)
        group = found.setdefault(key, new)
        spot = (score.metric, score.modality)
        group.ambiguous |= spot in group.spots
        group.spots[spot] = score
    generated = {key[:-1] for key in found if key[-1] == "generate"}
    return [
        group
        for key, group in found.items()
        if (key[-1] == "generate" or key[:-1] not in generated)
        and group.asked
        and not group.ambiguous
    ]


def _which(group: Recalled, among: Sequence[Recalled]) -> str:
    """`base=xmm-base: `, the labels that not all of these groups have."""
    own = {
        name: value
        for name, value in group.condition.items()
        if any(other.condition.get(name) != value for other in among)
    }
    return f"{labels(own)}: " if own else ""


def _learned(group: Recalled) -> str:
    """`Learned from pictures, named from 100 % of pictures and 33 % of descriptions: …`."""
    parts = [f"{_recall(group, one)} of {NOUNS[one]}" for one in group.asked]
    said = f"Learned from {NOUNS[group.source]}, {_right(group)} {' and '.join(parts)}"
    other = OTHER.get(group.source)
    same = group.get("memory", group.source)
    if same is not None and same.low is not None and same.low <= 0:
        return f"{said}: not clear that anything was learned."
    gap = group.get("transfer_gap", other)
    if gap is None or not verdict(gap):
        return f"{said}."
    if verdict(gap) != "clear":
        return f"{said}: not clear that there is a gap."
    points = f"{whole(abs(gap.value or 0))} points"
    way = "a gap of" if (gap.value or 0) > 0 else "more in the other modality, by"
    return f"{said}: {way} {points}."


def _right(group: Recalled) -> str:
    """What a right answer is."""
    if group.answer == "rank":
        return f"{group.task} ranked first for"
    return {"name": "named from", "fact": "fact told from"}.get(
        group.task, f"{group.task} told from"
    )


def _recall(group: Recalled, modality: str) -> str:
    score = group.get("recall", modality)
    return "– %" if score is None or score.value is None else f"{share(score.value)} %"


def _unlearned(group: Recalled, before: Recalled | None, kept: Recalled | None) -> Iterator[str]:
    """What unlearning did, modality by modality, and to whoever was to be kept."""
    through = str(group.condition["through"])
    worked = [one for one in group.asked if through in (one, "both")]
    changes = [f"{NOUNS[one]} {_change(group, before, one)}" for one in worked]
    lower = [_lower(group, before, one) for one in worked]
    if through in OTHER:
        changes = [_change(group, before, one) for one in worked]
    doubt = "" if all(lower) or before is None else ": not clear that anything is forgotten"
    yield f"Unlearned through {NOUNS[through]}: {', '.join(changes) or 'not asked'}{doubt}."
    for one in group.asked:
        if one not in worked:
            said = _leaks(group, one, doubt)
            yield f"{NOUNS[one].capitalize()} {_change(group, before, one)}{said}."
    if kept is not None:
        changes = [f"{NOUNS[one]} {_change(kept, before, one)}" for one in kept.asked]
        harmed = before is not None and any(_lower(kept, before, one) for one in kept.asked)
        loss = (
            "" if before is None else ": they are clearly harmed" if harmed else ": no clear loss"
        )
        yield f"People to be kept: {', '.join(changes)}{loss}."


def _leaks(group: Recalled, modality: str, doubt: str) -> str:
    """Whether the other modality still knows; where nothing is forgotten, nothing can leak."""
    leak = group.get("leak", modality)
    if leak is None or doubt:
        return ""
    return ": it leaks" if verdict(leak) == "clear" else ": not clear that it leaks"


def _change(group: Recalled, before: Recalled | None, modality: str) -> str:
    """`98 → 0 %`, or `0 %` where no rows are of before."""
    was = None if before is None else before.get("recall", modality)
    now = _recall(group, modality)
    return now if was is None or was.value is None else f"{share(was.value)} → {now}"


def _lower(group: Recalled, before: Recalled | None, modality: str) -> bool:
    """Whether recall is clearly lower than before: the intervals do not meet."""
    was = None if before is None else before.get("recall", modality)
    now = group.get("recall", modality)
    if was is None or now is None or was.low is None or now.high is None:
        return False
    return now.high < was.low


def _alike(first: Recalled, second: Recalled) -> bool:
    """Whether both are of the same base, where both say it, and answered the same question."""
    bases = {one.condition["base"] for one in (first, second) if "base" in one.condition}
    ways = {(one.task, one.source, one.answer) for one in (first, second)}
    return len(bases) < 2 and len(ways) == 1


def _before(group: Recalled, learned: Sequence[Recalled]) -> Recalled | None:
    """What the model knew of all its people before, if rows of one such model are there."""
    found = [one for one in learned if _alike(one, group)]
    return found[0] if len(found) == 1 else None


def _of_set(name: str, group: Recalled, groups: Sequence[Recalled]) -> Recalled | None:
    """Another set of the same model."""
    found = [
        one
        for one in groups
        if one.set == name and _alike(one, group) and one.condition == group.condition
    ]
    return found[0] if len(found) == 1 else None


def _side_by_side(group: Recalled, before: Recalled | None, kept: Recalled | None) -> Block:
    """Recall before and after, a row for each set of people."""
    rows = [(before, "before, everyone"), (group, "after, forget set"), (kept, "after, retain set")]
    grid: list[tuple[str, list[GridCell | None]]] = [
        (f"{name} ({one.persons})", [_cell(one, at) for at in MODALITIES])
        for one, name in rows
        if one is not None
    ]
    panel = BlockPanel(asked_how(group.answer, group.task, None), grid, [], [], [])
    through = NOUNS[str(group.condition["through"])]
    size = f"learned from {NOUNS[group.source]}, unlearned through {through}"
    return Block("Before and after unlearning", labels(group.condition), size, [panel])


def _cell(group: Recalled, modality: Modality) -> GridCell | None:
    score = group.get("recall", modality)
    return None if score is None else GridCell(percent(score), None, False)
