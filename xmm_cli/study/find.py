"""The findings of a study: a family of them per file."""

from dataclasses import dataclass

from xmm_cli.registry import Registry
from xmm_cli.rows.inputs import Inputs
from xmm_cli.rows.types import Finding, Probe, Row, Run, Trace
from xmm_cli.scoring.counting import count
from xmm_cli.study.condition_counts import WANTED, ConditionCounts
from xmm_cli.study.effects import IntervalSettings
from xmm_cli.study.study import Study
from xmm_cli.study.verdict import corrected

FAMILIES = Registry(
    "family of findings",
    {
        "gap": ("xmm_cli.study.claims.gap:find", "what crosses, and what does not"),
        "views": ("xmm_cli.study.claims.views:find", "more training views"),
        "capable": ("xmm_cli.study.claims.capable:find", "other bases and ranks"),
        "unlearning": ("xmm_cli.study.claims.unlearning:find", "leaks after forgetting"),
        "unlearned": ("xmm_cli.study.unlearned:find", "forgotten and kept"),
        "relearning": ("xmm_cli.study.claims.relearning:find", "what comes back"),
        "multihop": ("xmm_cli.study.claims.multihop:find", "facts from a view"),
        "mitigation": ("xmm_cli.study.claims.mitigation:find", "what closes the gap"),
        "controls": ("xmm_cli.study.claims.controls:find", "what must not be there"),
        "inside": ("xmm_cli.study.claims.inside:find", "where the modalities meet"),
    },
)


@dataclass(frozen=True, slots=True)
class FindingList:
    """The findings in a fixed order, and what a user should be told about them."""

    rows: list[Finding]
    notes: list[str]


def people_of(
    inputs: Inputs,
    kinds: tuple[type[Row], ...] = (Probe, Trace, Run),
    need: tuple[type[Row], ...] = (Probe, Trace),
) -> ConditionCounts:
    """What findings count on, of these inputs. Raises `BadData` for a line of another kind."""
    counts = count(inputs, WANTED, kinds=kinds, need=need)
    traces = (located.row for located in inputs.rows_of(Trace)) if counts.kinds["trace"] else ()
    return ConditionCounts(counts, traces)


def find_all(people: ConditionCounts, drawing: IntervalSettings | None = None) -> FindingList:
    """All findings that the rows support; the same rows in any order give the same ones."""
    study = Study(people, drawing or IntervalSettings())
    found = [row for name in FAMILIES.names() for row in FAMILIES.load(name)(study)]
    rows = corrected(found)
    notes = []
    if people.repeated:
        notes.append(f"{people.repeated} probe rows were given twice and count once")
    if people.training_views:
        notes.append(f"{people.training_views} rows of training views were left out")
    notes += people.notes
    if study.missing:
        notes.append(f"left out: {study.left_out()}")
    return FindingList(rows, notes)
