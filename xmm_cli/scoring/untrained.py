"""The untrained base, set beside what was trained from it.

Rows without a checkpoint say what guessing earns. Their cells (source None) join each group of the
same task and split whose labels they do not contradict: they need not have the labels that training
gave, like `views` or `steps`. Of several that fit, those without labels foreign to the group come
first, then those with the most labels in common, then those of the same set; equals are averaged.
If no trained group fits, the base stays a group of its own.
"""

from collections import Counter
from math import fsum

from xmm_cli.scoring.groups import ATTACK, Cell, CellKey, Group
from xmm_cli.scoring.persons import Person


def join_untrained(groups: list[Group]) -> list[Group]:
    """The same groups, each with its untrained base; a base that joined no group stays alone."""
    bases = [_take_untrained(group) for group in groups]
    used: set[tuple[int, CellKey]] = set()
    for group in groups:
        if not group.cells:
            continue
        for place in sorted({place for base in bases for place in base.cells}, key=str):
            fits = _most_alike(group, [base for base in bases if place in base.cells])
            if fits:
                used |= {(id(base), place) for base in fits}
                cells = [base.cells[place] for base in fits]
                group.cells[place] = _mean_cell(cells, _asked_there(group, place))
    for base in bases:
        base.cells = {
            place: cell for place, cell in base.cells.items() if (id(base), place) not in used
        }
    joined = [group for group in [*groups, *bases] if group.cells]
    return sorted(joined, key=Group.order)


def _take_untrained(group: Group) -> Group:
    """Move the cells of the base out of a group, into one with the same labels."""
    cells = {place: group.cells.pop(place) for place in list(group.cells) if place[1] is None}
    return Group(group.task, group.set, group.split, group.condition, cells)


def _most_alike(group: Group, bases: list[Group]) -> list[Group]:
    """Those of the bases that fit best, by the order that the module's text gives."""
    ranked = []
    for base in bases:
        if (base.task, base.split) != (group.task, group.split):
            continue
        if base.set not in (None, group.set):
            continue
        if base.condition.get(ATTACK) != group.condition.get(ATTACK):
            continue
        shared = base.condition.keys() & group.condition.keys()
        if all(base.condition[name] == group.condition[name] for name in shared):
            own = base.condition.keys() == shared
            ranked.append(((own, len(shared), base.set == group.set), base))
    best = max((rank for rank, _ in ranked), default=None)
    return [base for rank, base in ranked if rank == best]


def _asked_there(group: Group, place: CellKey) -> set[Person]:
    """The persons whom something trained was asked about in the same modality and way."""
    answer, _, modality = place
    return {
        persona
        for (other, source, target), cell in group.cells.items()
        if source is not None and (other, target) == (answer, modality)
        for persona in cell.shares
    }


def _mean_cell(cells: list[Cell], wanted: set[Person]) -> Cell:
    """The mean of several cells, of the wanted persons alone if any of them is there."""
    known = {persona for cell in cells for persona in cell.shares}
    shares, questions = {}, {}
    for persona in sorted(wanted & known or known):
        having = [cell for cell in cells if persona in cell.shares]
        shares[persona] = fsum(cell.shares[persona] for cell in having) / len(having)
        questions[persona] = sum(cell.questions[persona] for cell in having)
    candidates = sum((cell.candidates for cell in cells), Counter[int]())
    return Cell(shares, questions, candidates, max(cell.checkpoints for cell in cells))
