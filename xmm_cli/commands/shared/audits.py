"""What `xmm report --audit` makes of its inputs."""

from collections.abc import Mapping
from pathlib import Path

from xmm_cli.commands.shared.pages import Page, counted
from xmm_cli.console import say
from xmm_cli.models.weights_digest import weights_digest
from xmm_cli.reporting.page.page import command_of
from xmm_cli.rows.audit import Audit
from xmm_cli.rows.inputs import open_inputs
from xmm_cli.rows.types import ROW_TYPES, Probe, Run
from xmm_cli.scoring.counting import count
from xmm_cli.scoring.counts import Counts
from xmm_cli.study.audit import WANTED, AuditRule, Provenance, audit_all


def verdicts(
    inputs: list[str], rule: AuditRule, by: list[str] | None, *, on_page: bool
) -> tuple[list[Audit], Page | None]:
    """The verdicts on the models of these rows, or those kept there if there are no probe rows.

    With `on_page` the page too that they are to stand on, its scores grouped by the labels `by`.
    Raises `BadData` where the models do not belong together.
    """
    with open_inputs(inputs) as rows:
        if on_page:
            counts = counted(rows, WANTED)
        else:
            counts = count(rows, WANTED, kinds=ROW_TYPES, need=(Probe, Audit))
            for note in counts.notes:
                say.note(note)
        found = [located.row for located in rows.rows_of(Audit)]
        if counts.kinds["probe"]:
            runs = {located.row.id: located.row for located in rows.rows_of(Run)}
            found = audit_all(counts, rule, _made(counts, runs))
        return found, Page(rows, counts, by, rule.resamples) if on_page else None


def _made(counts: Counts, runs: Mapping[str, Run]) -> Provenance:
    """The runs behind the rows, in order, and the weights that are still where the rows say."""
    paths = {path for cell in counts.asked.values() for path, _ in cell.persons if path is not None}
    there = sorted(path for path in paths if Path(path).is_dir())
    known = sorted(runs.values(), key=lambda run: (run.started, run.id))
    versions = {name: number for run in known for name, number in run.versions.items()}
    return Provenance(
        digests={path: weights_digest(path) for path in there},
        parents=tuple(sorted(counts.runs)),
        commands=tuple(command_of(run, runs) for run in known),
        versions=versions,
    )
