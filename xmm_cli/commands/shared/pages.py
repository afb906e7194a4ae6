"""One page that shows rows of all kinds: scores, findings, figures, samples and runs."""

from collections.abc import Sequence
from pathlib import Path

from xmm_cli.console import say
from xmm_cli.reporting.page import DrawnFigure, SampleChoice, page
from xmm_cli.rows.audit import Audit
from xmm_cli.rows.inputs import Inputs, open_inputs
from xmm_cli.rows.types import (
    ROW_TYPES,
    Checkpoint,
    Finding,
    Persona,
    Probe,
    Row,
    Run,
    Score,
    Trace,
)
from xmm_cli.scoring.config import ScoreConfig
from xmm_cli.scoring.counting import count
from xmm_cli.scoring.counts import Counts
from xmm_cli.scoring.scan import WantedCounts
from xmm_cli.scoring.score import ScoreResult, load_metrics, score_counts, wanted_for
from xmm_cli.study.condition_counts import WANTED, ConditionCounts
from xmm_cli.study.find import find_all


def counted(rows: Inputs, beside: WantedCounts | None = None) -> Counts:
    """What a page needs counted, and with `beside`, what the verdicts at its top need."""
    wanted = wanted_for(load_metrics(None)).and_also(WANTED)
    need: tuple[type[Row], ...] = (Probe, Score, Finding)
    if beside is not None:
        wanted, need = wanted.and_also(beside), (Probe, Audit)
    return count(rows, wanted, kinds=ROW_TYPES, need=need)


def write_page(
    file: Path, inputs: Sequence[str], by: list[str] | None, resamples: int
) -> list[Score]:
    """Write the page of some inputs; the scores on it. Raises `CannotWrite`."""
    with open_inputs(inputs) as rows:
        made = Page(rows, counted(rows), by, resamples)
    made.write(file)
    return made.scores


class Page:
    """Scores, findings, figures, samples and runs of some inputs; `counts` as `counted` gives."""

    def __init__(
        self, rows: Inputs, counts: Counts, by: Sequence[str] | None, resamples: int
    ) -> None:
        self.samples = SampleChoice()
        self.scored: ScoreResult = score_counts(counts, ScoreConfig(by, resamples=resamples))
        self.people = ConditionCounts(counts, (located.row for located in rows.rows_of(Trace)))
        self.given = [located.row for located in rows.rows_of(Score)]
        self.kept = [located.row for located in rows.rows_of(Finding)]
        self.runs = {located.row.id: located.row for located in rows.rows_of(Run)}
        self._sample(rows)

    @property
    def scores(self) -> list[Score]:
        """Score rows that were given, and those made of probe rows."""
        return self.given + self.scored.rows

    def _sample(self, rows: Inputs) -> None:
        self.samples.choose(rows)
        for located in rows.rows_of(Persona, Checkpoint):
            if isinstance(located.row, Persona):
                self.samples.add_persona(located.row, located.folder)
            elif isinstance(located.row, Checkpoint):
                self.samples.add_checkpoint(located.row, located.folder)

    def write(self, file: Path, audits: Sequence[Audit] = ()) -> None:
        """The page as a file, whole or not at all, verdicts first. Raises `CannotWrite`."""
        from xmm_cli.rows.files import atomic_write_bytes

        for note in self.scored.notes:
            say.note(note)
        runs = sorted(self.runs.values(), key=lambda run: (run.started, run.id))
        text = page(self.scores, self._findings(), self._figures(), self.samples.found(), runs,
                    audits=audits)  # fmt: skip
        atomic_write_bytes(file, text.encode("utf-8", "replace"))

    def _findings(self) -> list[Finding]:
        """Those kept in the inputs, and those that their probe rows give."""
        from xmm_cli.reporting.findings_table import distinct

        return distinct([*self.kept, *find_all(self.people).rows])

    def _figures(self) -> list[DrawnFigure]:
        from xmm_cli.reporting.plots import draw
        from xmm_cli.reporting.plots.figure_words import in_words
        from xmm_cli.study.figures import FIGURES, series_of

        series = [series_of(self.people, name) for name in FIGURES.names()]
        return [DrawnFigure(draw(one, "svg"), in_words(one)) for one in series if one is not None]
