"""One pass over rows of all kinds, for a page that shows all of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from xmm_cli.commands.probes import seen_from_here
from xmm_cli.reporting.page import Figure, Samples, page
from xmm_cli.rows.reader import Located, read_rows, require_some
from xmm_cli.rows.types import ROW_TYPES, Checkpoint, Persona, Probe, Row, Run, Score, Trace
from xmm_cli.scoring.findings import People
from xmm_cli.scoring.score import ScoreResult, score_rows


class Page:
    """Scores, figures, samples and runs of some inputs."""

    def __init__(self, inputs: Sequence[str], by: list[str] | None, resamples: int) -> None:
        self.given: list[Score] = []
        self.people = People()
        self.samples = Samples()
        self.runs: dict[str, Run] = {}
        self.scored: ScoreResult = score_rows(self._probes(inputs), by=by, resamples=resamples)
        self.people.finish()

    @property
    def scores(self) -> list[Score]:
        """Score rows that were given, and those made of probe rows."""
        return self.given + self.scored.rows

    def _probes(self, inputs: Sequence[str]) -> Iterator[Probe]:
        found = read_rows(inputs, want=ROW_TYPES)
        asked = False
        for one in require_some(found, inputs, want=(Probe, Score)):
            self._note(one)
            asked = asked or isinstance(one.row, Probe | Score)
            if isinstance(one.row, Probe):
                row = seen_from_here(one.row, one.folder)
                self.people.add(row)
                yield row
        if not asked:
            require_some([], inputs, want=(Probe, Score))

    def _note(self, one: Located[Row]) -> None:
        row, folder = one.row, one.folder
        if isinstance(row, Trace):
            self.people.add(row)
        elif isinstance(row, Probe):
            self.samples.add(row, folder)
        elif isinstance(row, Score):
            self.given.append(row)
        elif isinstance(row, Persona):
            self.samples.add_persona(row, folder)
        elif isinstance(row, Checkpoint):
            self.samples.add_checkpoint(row, folder)
        elif isinstance(row, Run):
            self.runs.setdefault(row.id, row)

    def write(self, file: Path) -> None:
        """The page as a file, whole or not at all. Raises `CannotWrite`."""
        from xmm_cli.rows.files import atomic_write_bytes

        runs = sorted(self.runs.values(), key=lambda run: (run.started, run.id))
        text = page(self.scores, self._figures(), self.samples.found(), runs)
        atomic_write_bytes(file, text.encode("utf-8", "replace"))

    def _figures(self) -> list[Figure]:
        from xmm_cli.reporting.plots import draw
        from xmm_cli.reporting.plots.words import in_words
        from xmm_cli.scoring.findings.series import FIGURES, series_of

        series = [series_of(self.people, name) for name in FIGURES.names()]
        return [Figure(draw(one, "svg"), in_words(one)) for one in series if one is not None]
