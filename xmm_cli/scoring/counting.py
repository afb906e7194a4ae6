"""Counting probe rows by person and cell: DuckDB counts, and Python sees one row for each.

One scan over the lines gives, for each person, cell and checkpoint, how often was asked and how
often the answer was right. A question is known by checkpoint, base, source, modality, task, hops,
person, role, set, split, attack, condition, view, question and expected answer. One that stands
twice counts once, with its last answer: the scan tells whether there is such a question, and only
then a second one sorts them out (`scoring.question_table`). Where a check fails, the lines are read
one by one, to name the one that is wrong.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xmm_cli.rows.diagnosis import kind_of
from xmm_cli.rows.inputs import Inputs
from xmm_cli.rows.match import normalise
from xmm_cli.rows.paths import from_here
from xmm_cli.rows.reader import nothing_there
from xmm_cli.rows.types import SCHEMA, Audit, Finding, Probe, Row, Run
from xmm_cli.scoring.counts import CellCounts, Counts, PersonCounts, QuestionKind
from xmm_cli.scoring.metrics.said_instead import said_instead
from xmm_cli.scoring.packed_labels import packed
from xmm_cli.scoring.persons import Person, Persons, Sighting
from xmm_cli.scoring.scan import (
    NAMELESS,
    ScannedPart,
    ScannedPerson,
    WantedCounts,
    columns_for,
    decoded,
    facts_scan,
    gathered,
    scan,
    sighting,
    text_of,
)


def count(
    inputs: Inputs,
    wanted: WantedCounts | None = None,
    *,
    kinds: tuple[type[Row], ...] = (Probe, Finding, Audit, Run),
    need: tuple[type[Row], ...] = (Probe,),
    about: str | None = None,
) -> Counts:
    """Count the probe rows of the inputs.

    `kinds` are those that may stand there; of those in `need` there has to be one. With `about`,
    only rows about the checkpoint of that
    path (as counted from the working directory) or about the untrained base count.
    Raises `BadData`, with file and line, for a line that is no such row.
    """
    wanted = wanted or WantedCounts()
    connection = inputs.connection
    for measure in wanted.measures.values():
        for name, function in measure.functions.items():
            connection.create_function(name, function, ["VARCHAR", "VARCHAR"], "DOUBLE")
    folders = inputs.by_folder()
    for number, (_, sources) in enumerate(folders):
        scanned = scan(inputs.relation(sources, columns_for(wanted)), wanted)
        into = "INSERT INTO parts" if number else "CREATE TEMP TABLE parts AS"
        inputs.execute(f"{into} SELECT {number} AS folder, * FROM ({scanned})", sources)
    parts = [ScannedPart(*row) for row in connection.execute(gathered()).fetchall()]
    counter = _Counter(wanted, [folder for folder, _ in folders], parts, _facts(inputs), about)
    _check_kinds(inputs, counter.counts, kinds, need)
    if not all(counter.take(part) for part in parts):
        inputs.explain(inputs.sources, kinds, "a line that is no row of xmm")
    counter.finish(inputs)
    return counter.counts


def _facts(inputs: Inputs) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Folder and part → hashes of questions and right answers, of rows that name no data set."""
    query = f"SELECT DISTINCT folder FROM parts WHERE kind = 'probe' AND {NAMELESS}"
    here = {number for (number,) in inputs.connection.execute(query).fetchall()}
    facts = {}
    for number, (_, sources) in enumerate(inputs.by_folder()):
        if number in here:
            scanned = facts_scan(inputs.relation(sources, columns_for(WantedCounts())))
            for part, pairs in inputs.execute(scanned, sources).fetchall():
                facts[number, part] = pairs
    return facts


class _Counter:
    """Turns what DuckDB counted into `Counts`."""

    def __init__(
        self,
        wanted: WantedCounts,
        folders: Sequence[Path],
        parts: Iterable[ScannedPart],
        facts: Mapping[tuple[int, int], list[tuple[int, int]]],
        about: str | None,
    ) -> None:
        self.wanted, self.folders, self.facts, self.about = wanted, folders, facts, about
        self.counts = Counts()
        self.slots: dict[tuple[int, int], tuple[QuestionKind, tuple[str | None, Person]]] = {}
        """Folder and part → where its person is counted."""
        self._once = True
        self._answers: dict[tuple[QuestionKind, tuple[str | None, Person]], list[str]] = {}
        known: dict[tuple[str, str], set[str]] = defaultdict(set)
        sightings = []
        for part in parts:
            self.counts.kinds[str(part.kind)] += part.number
            for someone in map(ScannedPerson._make, part.persons if part.kind == "probe" else ()):
                if someone.persona is None:
                    continue
                if someone.dataset is None:
                    sightings.append(self._sighting(part, someone))
                elif someone.right_name is not None:
                    known[text_of(someone.persona), someone.right_name].add(someone.dataset)
        self.persons = Persons(sightings, known)

    def _sighting(self, part: ScannedPart, someone: ScannedPerson) -> Sighting:
        return sighting(part, someone, self.facts.get((part.folder, someone.part), ()))

    def take(self, part: ScannedPart) -> bool:
        """Count a part; False where it is not sound."""
        if part.kind != "probe":
            return part.kind is not None
        row = decoded(part)
        if row is None or not part.sound or row.schema > SCHEMA:
            return False
        checkpoint = row.checkpoint
        if checkpoint is not None:
            checkpoint = from_here(self.folders[part.folder], checkpoint)
        if self.about is not None and checkpoint not in (None, self.about):
            return True
        self.counts.runs |= {run for run in part.runs if run is not None}
        self.counts.unanswered += part.neither
        asked = QuestionKind(
            row.source, row.modality, row.task, row.set, row.split, row.base, row.hops, row.role,
            packed(row.condition), row.attack or None,
        )  # fmt: skip
        cell = self.counts.asked.setdefault(asked, CellCounts())
        cell.rows += part.number
        for someone in map(ScannedPerson._make, part.persons):
            if not self._sound(someone):
                return False
            self._add(part, asked, cell, checkpoint, row.candidates, someone)
        return True

    def _sound(self, someone: ScannedPerson) -> bool:
        named = someone.persona is not None and someone.persona.startswith('"')
        return named and someone.persona != '""'

    def _add(
        self,
        part: ScannedPart,
        asked: QuestionKind,
        cell: CellCounts,
        checkpoint: str | None,
        candidates: int | None,
        someone: ScannedPerson,
    ) -> None:
        if someone.dataset is None:
            person = self.persons.person(self._sighting(part, someone))
        else:
            person = Person(someone.dataset, text_of(str(someone.persona)))
        key = (checkpoint, person)
        self.slots[part.folder, someone.part] = (asked, key)
        if someone.right_name is not None:
            self.counts.names[person] = someone.right_name
        if someone.right_name is not None and asked.role == "eval" and asked.source is not None:
            names = self.counts.taught.setdefault((checkpoint, asked.base), set())
            names.add(normalise(someone.right_name))
        counts = cell.persons.setdefault(key, PersonCounts())
        again = (counts.questions and someone.judged) or (counts.ranked and someone.ranked)
        self._once &= someone.once and not again
        counts.questions += someone.judged
        counts.right += someone.correct
        counts.ranked += someone.ranked
        counts.ranked_first += someone.first
        if someone.ranked and candidates is not None:
            cell.candidates[candidates] += someone.ranked
        for name, measured in zip(self.wanted.measures, someone.measured, strict=True):
            number, total = counts.measured.get(name, (0, 0.0))
            if measured["number"]:
                self._once &= number == 0
                counts.measured[name] = (number + measured["number"], total + measured["total"])
        if someone.answers:
            self._answers.setdefault((asked, key), []).extend(someone.answers)

    def finish(self, inputs: Inputs) -> None:
        """Sort out repeated questions, and compare answers with the names of those taught."""
        if not self._once or (self.wanted.composition and self._has_two_hops()):
            from xmm_cli.scoring.question_table import Questions

            questions = Questions(inputs, self.wanted, self.slots)
            if not self._once:
                self._answers = questions.recount(self.counts)
            if self.wanted.composition:
                questions.compose(self.counts, self.wanted.composition)
        for (asked, key), answers in self._answers.items():
            names = self.counts.taught.get((key[0], asked.base), set())
            counts = self.counts.asked[asked].persons[key]
            counts.taught = sum(normalise(answer) in names for answer in answers)
            if self.wanted.confusions:
                right = normalise(self.counts.names.get(key[1], ""))
                counts.measured |= said_instead(answers, right, names)
        if self.persons.ambiguous:
            number = len(self.persons.ambiguous)
            self.counts.notes.append(
                f"{number} ids stand for several people: their rows name no data set and were "
                "told apart by their right answers"
            )

    def _has_two_hops(self) -> bool:
        return any(asked.task == "fact" and asked.hops > 1 for asked in self.counts.asked)


def _check_kinds(
    inputs: Inputs, counts: Counts, kinds: tuple[type[Row], ...], need: tuple[type[Row], ...]
) -> None:
    """Refuse rows of other kinds, and inputs without any that is needed. Raises `BadData`."""
    if set(counts.kinds) - {kind_of(kind) for kind in kinds}:
        inputs.explain(inputs.sources, kinds, "a row of another kind")
    others = tuple(kind for kind in kinds if kind is not Probe and counts.kinds[kind_of(kind)])
    for _ in inputs.rows_of(*others) if others else ():
        continue  # looked at, so that a wrong one is named
    if need and not any(counts.kinds[kind_of(kind)] for kind in need):
        raise nothing_there([source.name for source in inputs.sources], need)
