"""Probe rows question by question: what stands twice, and two hops beside each of them.

A table with a line for each row, in the order of the rows: the number of its person and cell, its
question as a hash, and its answers. It spills to disk.
"""

from collections.abc import Mapping
from typing import Any

from xmm_cli.rows.inputs import Inputs
from xmm_cli.scoring.counts import Counts, PersonCounts, QuestionKind
from xmm_cli.scoring.persons import Person
from xmm_cli.scoring.scan import NAME, WantedCounts, columns_for, confused, person_keys

NAME_HOP, BY_NAME, TWO_HOPS = 0, 1, 2
"""A question about a view's name, about a fact by name, and about a fact from a view."""
EACH_FOLDER = 10**12
"""Places of rows in files of one folder; what comes later has a larger place."""
Slot = tuple[QuestionKind, tuple[str | None, Person]]


class Questions:
    """The table, and what is asked of it."""

    def __init__(
        self, inputs: Inputs, wanted: WantedCounts, slots: Mapping[tuple[int, int], Slot]
    ) -> None:
        """`slots` tells where the rows of a folder and part are counted."""
        self.connection, self.wanted = inputs.connection, wanted
        self.numbers = {slot: number for number, slot in enumerate(dict.fromkeys(slots.values()))}
        self._make_slots(slots)
        self._make_table(inputs)

    def _make_slots(self, slots: Mapping[tuple[int, int], Slot]) -> None:
        import numpy as np

        abouts: dict[object, int] = {}
        lines = []
        for (folder, part), slot in slots.items():
            asked, key = slot
            about = (
                key,
                asked.base,
                asked.source,
                asked.set,
                asked.role,
                asked.labels,
                asked.attack,
            )
            hop = 0 if asked.task == "name" else min(asked.hops, 2)
            hop = hop if asked.task in ("name", "fact") else -1
            number = abouts.setdefault(about, len(abouts))
            lines.append((folder, part, self.numbers[slot], hop, asked.modality == "image", number))
        kinds = {"folder": "i8", "part": "u8", "slot": "i8", "hop": "i8", "image": "?",
                 "about": "i8"}  # fmt: skip
        columns = {
            name: np.array(values, dtype=kinds[name])
            for name, values in zip(kinds, zip(*lines, strict=True), strict=True)
        }
        self.connection.register("given", columns)
        self.connection.execute("CREATE TEMP TABLE slots AS SELECT * FROM given")
        self.connection.unregister("given")

    def _make_table(self, inputs: Inputs) -> None:
        measures = "".join(
            f", {measure.over_raw} AS m{number}"
            for number, measure in enumerate(self.wanted.measures.values())
        )
        columns = columns_for(self.wanted)
        for number, (_, sources) in enumerate(inputs.by_folder()):
            into = "INSERT INTO questions" if number else "CREATE TEMP TABLE questions AS"
            inputs.execute(
                f"""{into} SELECT slot, place, hash("view", question, expected) AS question,
                    "view"::VARCHAR AS shown, hash(question) AS words, hash(expected) AS answer,
                    lines.correct::VARCHAR = 'true' AS correct, "rank"::VARCHAR::BIGINT AS "rank",
                    candidates::VARCHAR::BIGINT AS candidates,
                    CASE WHEN {confused(self.wanted)} THEN lines.answer END AS told{measures}
                FROM (SELECT *, hash({person_keys()}, {NAME}) AS part,
                          {number} * {EACH_FOLDER} + row_number() OVER () AS place
                      FROM {inputs.relation(sources, columns)} WHERE kind = 'probe') AS lines
                JOIN slots ON slots.folder = {number} AND slots.part = lines.part""",
                sources,
            )

    def recount(self, counts: Counts) -> dict[Slot, list[str]]:
        """Count each question once, with its last answer in each way of answering.

        Gives the texts of the answers, of those that are compared with names.
        """
        answers: dict[Slot, list[str]] = {}
        measures = [f"m{number}" for number in range(len(self.wanted.measures))]
        fields = ["correct", '"rank"', *measures]
        last = ", ".join(
            f"arg_max({answer}, place) AS last{number}" for number, answer in enumerate(fields)
        )
        times = ", ".join(f"count({answer})" for answer in fields)
        ways = " OR ".join(
            f"count(DISTINCT {answer}) > 1" for answer in ("correct", '("rank" = 1)', *measures)
        )
        self.connection.execute(
            f"""CREATE TEMP TABLE once AS SELECT slot, question, {last},
                arg_max(candidates, place) FILTER ("rank" IS NOT NULL) AS sizes,
                arg_max(told, place) AS told,
                greatest({times}, 1) - 1 AS repeated, {ways} AS changed
            FROM questions GROUP BY slot, question"""
        )
        sums = (
            ", ".join(f"count(last{at}), fsum(last{at})" for at in range(2, len(fields))) or "NULL"
        )
        slots = list(self.numbers)
        for cell in counts.asked.values():
            cell.candidates.clear()
        for line in self.connection.execute(
            f"""SELECT slot, count(last0), coalesce(count_if(last0), 0), count(last1),
                coalesce(count_if(last1 = 1), 0), sum(repeated)::BIGINT, count_if(changed),
                histogram(sizes) FILTER (last1 IS NOT NULL), list(told) FILTER (told IS NOT NULL),
                {sums} FROM once GROUP BY slot ORDER BY slot"""
        ).fetchall():
            slot, questions, right, ranked, first, repeated, changed, sizes, told, *taken = line
            asked, key = slots[slot]
            cell = counts.asked[asked]
            cell.persons[key] = PersonCounts(questions, right, ranked, first, measured={
                name: (number, total)
                for name, number, total in zip(
                    self.wanted.measures, taken[::2], taken[1::2], strict=False
                )
                if number
            })  # fmt: skip
            cell.candidates.update(sizes or {})
            answers[asked, key] = told or []
            counts.repeated += repeated
            counts.changed += changed
        return answers

    def compose(self, counts: Counts, name: str) -> None:
        """Count two-hop questions whose hops were both answered rightly, and how many failed.

        For a fact asked about a view, the hops are the name asked about the same view, and the same
        fact asked by name, of the same checkpoint, person and condition. A fact asked by name in
        several ways is known if half of the answers are right.
        """
        slots: list[Slot] = list(self.numbers)
        found: list[tuple[Any, ...]] = self.connection.execute(
            f"""WITH hops AS (
                SELECT questions.slot, hop, image, about, words, answer,
                    CASE WHEN hop = {BY_NAME} THEN '' ELSE shown END AS shown,
                    arg_max(correct, place) AS known
                FROM questions JOIN (SELECT DISTINCT slot, hop, image, about FROM slots)
                    AS asked USING (slot)
                WHERE correct IS NOT NULL AND hop >= 0 GROUP BY ALL),
            names AS (
                SELECT about, image, shown, bool_or(known) AS known
                FROM hops WHERE hop = {NAME_HOP} GROUP BY ALL),
            facts AS (
                SELECT about, answer, 2 * count_if(known) >= count(*) AS known
                FROM hops WHERE hop = {BY_NAME} GROUP BY ALL)
            SELECT hops.slot, count(*), count_if(NOT hops.known)
            FROM hops JOIN names USING (about, image, shown) JOIN facts USING (about, answer)
            WHERE hops.hop = {TWO_HOPS} AND names.known AND facts.known
            GROUP BY hops.slot ORDER BY hops.slot"""
        ).fetchall()
        for slot, number, failed in found:
            asked, key = slots[slot]
            counts.asked[asked].persons[key].measured[name] = (number, float(failed))
