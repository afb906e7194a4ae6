"""What `xmm report` makes of its inputs: scores, findings, the series of a figure, as text."""

from typing import TYPE_CHECKING

from xmm_cli.console import say
from xmm_cli.errors import BadData, WrongUsage
from xmm_cli.reporting import FORMATS, render

if TYPE_CHECKING:
    from xmm_cli.rows.types import Finding, Score
    from xmm_cli.study.condition_counts import ConditionCounts
    from xmm_cli.study.series import Series


def scores_of(
    kept: "list[Finding]", inputs: list[str], by: list[str] | None, resamples: int
) -> "list[Score]":
    """The score rows among the inputs, and those of the probe rows; finding rows go to `kept`."""
    from xmm_cli.rows.inputs import open_inputs
    from xmm_cli.rows.types import Audit, Finding, Probe, Run, Score, Trace
    from xmm_cli.scoring.config import ScoreConfig
    from xmm_cli.scoring.score import score_inputs

    with open_inputs(inputs) as rows:
        result = score_inputs(
            rows,
            ScoreConfig(by, resamples=resamples),
            kinds=(Probe, Score, Finding, Audit, Trace, Run),
            need=(Probe, Score, Finding),
        )
        found = result.counts[0].kinds
        given = [located.row for located in rows.rows_of(Score)] if found["score"] else []
        kept += [located.row for located in rows.rows_of(Finding)] if found["finding"] else []
    for note in result.notes:
        say.note(note)
    return given + result.rows


def tables(
    scores: "list[Score]", kept: "list[Finding]", format: str, width: int, colour: bool
) -> str:
    """Scores, findings, or both in a format that can hold both."""
    if not kept:
        return render(scores, format, width=width, colour=colour)
    from xmm_cli.reporting.findings_table import render_findings

    between = FORMATS.load(format).between
    if scores and between is None:
        raise WrongUsage(
            f"--format {format} of score and finding rows", "use jsonl, or files of one kind"
        )
    tables = [render(scores, format, width=width, colour=colour)] if scores else []
    tables.append(render_findings(kept, format, width=width, colour=colour))
    return (between or "").join(tables)


def read_people(inputs: list[str], findings: bool) -> "tuple[ConditionCounts, list[Finding]]":
    """All probe and trace rows, counted; and the finding rows, if they are wanted."""
    from xmm_cli.rows.inputs import open_inputs
    from xmm_cli.rows.types import Audit, Finding, Probe, Row, Run, Score, Trace
    from xmm_cli.study.find import people_of

    need: tuple[type[Row], ...] = (Probe, Trace, Finding) if findings else (Probe, Trace)
    with open_inputs(inputs) as rows:
        people = people_of(rows, (Probe, Trace, Score, Finding, Audit, Run), need)
        return people, [located.row for located in rows.rows_of(Finding)] if findings else []


def findings_text(
    people: "ConditionCounts", kept: "list[Finding]", format: str, width: int, colour: bool
) -> str:
    """The findings kept in the inputs, and those that their probe rows give, each once."""
    from xmm_cli.reporting.findings_table import distinct, render_findings
    from xmm_cli.study.find import find_all

    rows = kept
    if people.counts or people.inside:
        found = find_all(people)
        rows = [*kept, *found.rows]
        for note in found.notes:
            say.note(note)
    return render_findings(distinct(rows), format, width=width, colour=colour)


def series_of_figure(people: "ConditionCounts", figure: str | None) -> "Series":
    """What the figure shows, or the first that the rows support."""
    from xmm_cli.study.figures import first_series, series_of

    series = series_of(people, figure) if figure else first_series(people)
    if series is None:
        wanted = f"figure {figure}" if figure else "any figure"
        raise BadData(f"the rows do not support {wanted}", "it needs other conditions than these")
    return series
