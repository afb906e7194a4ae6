"""The findings of a study, computed from its probe and trace rows alone: a family per file."""

from collections.abc import Iterable
from dataclasses import dataclass

from xmm_cli.registry import Registry
from xmm_cli.rows.types import Probe, Trace
from xmm_cli.scoring.findings.estimate import Drawing
from xmm_cli.scoring.findings.finding import Finding
from xmm_cli.scoring.findings.people import People
from xmm_cli.scoring.findings.study import Study

__all__ = ["FAMILIES", "Finding", "Found", "People", "count", "find_all"]

FAMILIES = Registry(
    "family of findings",
    {
        "gap": ("xmm_cli.scoring.findings.gap:find", "what crosses, and what does not"),
        "views": ("xmm_cli.scoring.findings.views:find", "more training views"),
        "capable": ("xmm_cli.scoring.findings.capable:find", "other bases and ranks"),
        "unlearning": ("xmm_cli.scoring.findings.unlearning:find", "leaks after forgetting"),
        "relearning": ("xmm_cli.scoring.findings.relearning:find", "what comes back"),
        "multihop": ("xmm_cli.scoring.findings.multihop:find", "facts from a view"),
        "mitigation": ("xmm_cli.scoring.findings.mitigation:find", "what closes the gap"),
        "controls": ("xmm_cli.scoring.findings.controls:find", "what must not be there"),
        "inside": ("xmm_cli.scoring.findings.inside:find", "where the modalities meet"),
    },
)


@dataclass(frozen=True, slots=True)
class Found:
    """The findings in a fixed order, and what a user should be told about them."""

    rows: list[Finding]
    notes: list[str]


def count(rows: Iterable[Probe | Trace]) -> People:
    """Count rows, which are read once and not kept."""
    people = People()
    for row in rows:
        people.add(row)
    people.finish()
    return people


def find_all(people: People, drawing: Drawing | None = None) -> Found:
    """All findings that the rows support; the same rows in any order give the same ones."""
    study = Study(people, drawing or Drawing())
    rows = [row for name in FAMILIES.names() for row in FAMILIES.load(name)(study)]
    notes = []
    if people.repeated:
        notes.append(f"{people.repeated} repeated probe rows were counted once")
    if people.training_views:
        notes.append(f"{people.training_views} rows of training views were left out")
    pooled = sorted(name for name, values in people.unknown.items() if len(values) > 1)
    if pooled:
        notes.append(f"pooled over the labels {', '.join(pooled)}, which no finding knows")
    if study.missing:
        notes.append(f"left out: {study.left_out()}")
    return Found(rows, notes)
