"""Counting in DuckDB: what is a question, who is a person, and which line is no row."""

import json
import random

import msgspec
import pytest

from xmm_cli.errors import BadData
from xmm_cli.rows.inputs import open_inputs
from xmm_cli.rows.types import Probe, Trace
from xmm_cli.rows.writer import encode
from xmm_cli.scoring.config import ScoreConfig
from xmm_cli.scoring.counting import count
from xmm_cli.scoring.score import score_against, score_inputs

from . import people
from .engine import score_rows
from .people import cell, pick, probe


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(row if isinstance(row, bytes) else encode(row) for row in rows))
    return str(path)


def scored(*files, **options):
    with open_inputs(files) as inputs:
        return score_inputs(inputs, ScoreConfig(resamples=100, **options))


def counted(*files, **options):
    with open_inputs(files) as inputs:
        return count(inputs, **options)


def study():
    yield from people.study(persons=12, condition={"views": 4, "objective": "memorize"})
    trained = {cell: recall for cell, recall in people.USUAL.items() if cell[0]}
    labels = {"objective": "npo", "views": 8.0}
    yield from people.study(persons=9, seed=1, recalls=trained, condition=labels)
    yield from people.cell("image", "text", [0.25, 1], role="aux", task="attribute")


def recall_by_hand(rows):
    """Recall of text-trained models asked with text, of the last answer to each question."""
    answers = {}
    for row in rows:
        key = (row.condition["objective"], row.persona, row.view) if row.condition else None
        if (row.source, row.modality, row.role) == ("text", "text", "eval"):
            answers[key] = row.correct
    shares = {}
    for (label, persona, _), correct in answers.items():
        shares.setdefault(label, {}).setdefault(persona, []).append(correct)
    return {
        label: sum(sum(one) / len(one) for one in persons.values()) / len(persons)
        for label, persons in shares.items()
    }


def recalls(result):
    return {
        row.condition["objective"]: row.value
        for row in result.rows
        if (row.metric, row.source, row.modality, row.answer)
        == ("recall", "text", "text", "generate")
    }


def test_the_counts_are_those_of_a_count_by_hand(tmp_path):
    rows = list(study())
    result = scored(write(tmp_path / "a.jsonl", rows))
    assert recalls(result) == pytest.approx(recall_by_hand(rows))
    assert "8 probe rows of another role than eval were left out" in result.notes


def test_files_in_several_folders_count_as_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = list(study())
    whole = scored(write(tmp_path / "whole.jsonl", rows))
    paths = [
        msgspec.structs.replace(row, checkpoint=row.checkpoint and f"../{row.checkpoint}")
        for row in rows
    ]
    parts = [
        write(tmp_path / "x" / "1.jsonl", paths[::2]),
        write(tmp_path / "y" / "2.jsonl", paths[1::2]),
    ]
    assert scored(*parts) == whole


@pytest.mark.parametrize("where", ["the same file", "another file", "another folder"])
def test_a_repeated_question_counts_once_with_its_last_answer(tmp_path, where, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = list(study())
    again = [
        msgspec.structs.replace(row, correct=not row.correct)
        for row in rows
        if row.source == "text" and row.persona in ("p1", "p2")
    ]
    expected = scored(write(tmp_path / "whole.jsonl", recombined(rows, again)))
    if where == "the same file":
        files = [write(tmp_path / "a.jsonl", [*rows, *again])]
    elif where == "another file":
        files = [write(tmp_path / "a.jsonl", rows), write(tmp_path / "b.jsonl", again)]
    else:
        moved = [msgspec.structs.replace(r, checkpoint=f"../{r.checkpoint}") for r in again]
        files = [write(tmp_path / "a.jsonl", rows), write(tmp_path / "z" / "b.jsonl", moved)]
    result = scored(*files)
    assert result.rows == expected.rows
    assert f"{len(again)} probe rows were given twice and count once" in result.notes
    assert any(note.startswith(f"{len(again)} questions were answered") for note in result.notes)


def recombined(rows, again):
    """The rows, with the later answers in place of the earlier ones."""

    def key(row):
        return (
            row.checkpoint,
            row.source,
            row.modality,
            row.persona,
            row.view,
            repr(row.condition),
        )

    later = {key(row): row for row in again}
    return [later.get(key(row), row) for row in rows]


def test_the_last_answer_is_that_of_the_last_file_whatever_folder_it_lies_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = cell("text", "text", [0.0] * 9)
    right = cell("text", "text", [1.0] * 9, checkpoint="../runs/text")
    first = write(tmp_path / "1.jsonl", wrong)
    second = write(tmp_path / "z" / "2.jsonl", right)
    third = write(tmp_path / "3.jsonl", wrong)
    for files, recall in (((first, second), 1), ((first, second, third), 0)):
        assert pick(scored(*files).rows, "recall", "text", "text").value == recall


def test_measures_of_repeated_questions_count_once(tmp_path):
    rows = [probe(persona=f"p{n}", rank=n + 1, candidates=8, logprob=-float(n)) for n in range(5)]
    once = scored(write(tmp_path / "a.jsonl", rows), metrics=["logprob", "mean_rank"])
    twice = scored(write(tmp_path / "b.jsonl", rows + rows), metrics=["logprob", "mean_rank"])
    assert twice.rows == once.rows


BAD = {
    "persona": 5, "modality": "smell", "source": 1, "role": "x", "set": "no", "split": 7,
    "task": 0, "hops": 0, "rank": 0, "view": -1, "correct": "true", "candidates": "32",
    "expected": None, "schema": 99, "condition": {"a": [1]}, "kind": "prob",
}  # fmt: skip


@pytest.mark.parametrize("field", BAD)
def test_a_bad_field_is_named_with_its_line(tmp_path, field):
    rows = [json.loads(encode(row)) for row in study()]
    rows[17][field] = BAD[field]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    with pytest.raises(BadData, match=r"a\.jsonl:18: "):
        scored(write(tmp_path / "a.jsonl", lines))


@pytest.mark.parametrize("field", ["view", "persona", "question", "expected", "task", "split"])
def test_a_missing_field_is_named_with_its_line(tmp_path, field):
    rows = [json.loads(encode(row)) for row in study()]
    del rows[17][field]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    with pytest.raises(BadData, match=r"a\.jsonl:18: "):
        scored(write(tmp_path / "a.jsonl", lines))


@pytest.mark.parametrize("line", [b"{\n", b"[1]\n", b"5\n", b"\xff\n", b"{}\n", b'{"a":1}\n'])
def test_a_line_that_is_no_row_is_named(tmp_path, line):
    rows = [encode(row) for row in study()]
    with pytest.raises(BadData, match=r"a\.jsonl:4: "):
        scored(write(tmp_path / "a.jsonl", [*rows[:3], line, *rows[3:]]))


def test_a_trace_row_is_refused_where_it_cannot_count(tmp_path):
    trace = Trace(checkpoint=None, base="b", source=None, measure="retrieval", layer=0, layers=2,
                  modality="text", persona="p", value=0.5, n=1)  # fmt: skip
    file = write(tmp_path / "a.jsonl", [*study(), trace])
    with pytest.raises(BadData, match="found a trace row"):
        scored(file)
    assert counted(file, kinds=(Probe, Trace)).kinds["trace"] == 1


def test_blank_lines_line_ends_and_a_mark_at_the_start_are_no_rows(tmp_path):
    rows = [encode(row) for row in study()]
    expected = scored(write(tmp_path / "a.jsonl", rows))
    lines = [b"\xef\xbb\xbf", *(row.replace(b"\n", b"\r\n\r\n") for row in rows)]
    assert scored(write(tmp_path / "b.jsonl", lines)) == expected


def test_names_of_folders_are_no_fields(tmp_path):
    folder = tmp_path / "source=text" / "base=zz"
    result = scored(write(folder / "a[1].jsonl", study()))
    assert {row.source for row in result.rows} >= {"image", "text"}


def test_a_long_line_is_read(tmp_path):
    long = people.probe(answer="x" * (33 << 20), view=99)
    result = scored(write(tmp_path / "a.jsonl", [*study(), long]))
    assert any(row.n for row in result.rows)


def test_labels_beyond_64_bits_stay_apart(tmp_path):
    labels = [{"views": 10**30}, {"views": 10**30 + 1}]
    rows = [row for one in labels for row in cell("text", "image", [0.25, 1], condition=one)]
    result = scored(write(tmp_path / "a.jsonl", rows))
    assert [one.condition for one in result.rows if one.metric == "recall"] == labels


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    rows = list(study())
    scored(write(tmp_path / "a.jsonl", rows + rows))
    assert list(folder.iterdir()) == []


# --- who is counted ---


def import_of(names, **fields):
    """Four views of each of these people, who are called ex-0, ex-1 …"""
    return [
        probe(persona=f"ex-{number}", expected=name, view=view, correct=view < number, **fields)
        for number, name in enumerate(names)
        for view in range(4)
    ]


@pytest.mark.parametrize("datasets", [("aaa", "bbb"), (None, None)], ids=["named", "of before"])
def test_two_data_sets_with_the_same_ids_share_nobody(tmp_path, datasets):
    first = import_of(["Ada", "Bo", "Cy"], checkpoint="a", dataset=datasets[0])
    second = import_of(["Dee", "Ed", "Flo", "Gus"], checkpoint="b", dataset=datasets[1])
    files = [write(tmp_path / f"{n}.jsonl", rows) for n, rows in enumerate((first, second))]
    row = pick(scored(*files).rows, "recall", "text", "text")
    assert (row.personas, row.n) == (7, 28)
    with open_inputs(files[:1]) as own, open_inputs(files[1:]) as other:
        result = score_against(own, other, ScoreConfig(resamples=100))
    assert all(row.value is None and row.personas == 0 for row in result.rows)
    said = "stand for several people"
    assert any(said in note for note in scored(*files).notes) == (datasets[0] is None)


def test_the_same_people_of_before_are_still_the_same(tmp_path):
    before = import_of(["Ada", "Bo", "Cy"], checkpoint="a")
    after = import_of(["Ada", "Bo", "Cy"], checkpoint="b", dataset="aaa")
    files = [write(tmp_path / f"{n}.jsonl", rows) for n, rows in enumerate((before, after))]
    with open_inputs(files[:1]) as own, open_inputs(files[1:]) as other:
        result = score_against(own, other, ScoreConfig(resamples=100))
    row = pick(result.rows, "recall_difference", "text", "text")
    assert (row.value, row.personas) == (0, 3)


def test_facts_of_before_are_told_apart_by_the_names_of_their_checkpoint(tmp_path):
    def facts(value, **fields):
        return [probe(task="fact", question="Ada's city?", expected=value, correct=True, **fields)]

    rows = import_of(["Ada"], checkpoint="a") + import_of(["Bo"], checkpoint="b")
    rows += facts("Rome", persona="ex-0", checkpoint="a")
    rows += facts("Oslo", persona="ex-0", checkpoint="b")
    rows += facts("Rome", persona="ex-0", source=None)
    counts = counted(write(tmp_path / "a.jsonl", rows))
    people_of = {
        (asked.source, path): person.name
        for asked, cell in counts.asked.items()
        if asked.task == "fact"
        for path, person in cell.persons
    }
    assert set(people_of.values()) == {"Ada", "Bo"}
    assert people_of[None, None] == "Ada"


def test_questions_without_names_show_that_people_differ(tmp_path):
    rows = [
        probe(task="attribute", question="Hair?", expected=hair, persona="ex-0", checkpoint=path,
              correct=True, view=view)
        for path, hair in (("a", "red"), ("b", "black"))
        for view in range(4)
    ]  # fmt: skip
    assert (
        pick(scored(write(tmp_path / "a.jsonl", rows)).rows, "recall", "text", "text").personas == 2
    )


# --- what is averaged ---


def test_checkpoints_that_nothing_tells_apart_are_not_averaged(tmp_path):
    rows = cell("text", "text", [0.0] * 9, checkpoint="steps/0010")
    rows += cell("text", "text", [1.0] * 9, checkpoint="steps/0300")
    found = [row for row in score_rows(rows, resamples=100).rows if row.metric == "recall"]
    assert sorted(row.value for row in found) == [0, 1]
    assert all("checkpoint" in row.condition for row in found)


def test_what_a_reader_pools_is_said():
    rows = [
        row
        for steps, share in ((10, 0.0), (300, 1.0))
        for row in cell("text", "text", [share] * 9, condition={"steps": steps, "seed": 0})
    ]
    rows += cell(
        "text", "text", [0.5] * 9, condition={"seed": 1, "adapter": "full"}, checkpoint="c"
    )
    result = score_rows(rows, by=["base"], resamples=100)
    (note,) = [note for note in result.notes if "pooled" in note]
    assert "steps (absent, 10, 300)" in note
    assert "adapter (full, absent)" in note
    assert "seed" not in note


def test_a_leak_does_not_vanish_by_grouping():
    rows = [
        row
        for through in ("image", "text")
        for modality in ("image", "text")
        for row in cell("both", modality, [0.5] * 9, set="forget",
                        condition={"through": through, "objective": "npo"})
    ]  # fmt: skip
    for by in (None, ["objective"], ["base"]):
        leaks = [r for r in score_rows(rows, by=by, resamples=100).rows if r.metric == "leak"]
        assert {(row.condition["through"], row.modality) for row in leaks} == {
            ("image", "text"), ("text", "image"),
        }  # fmt: skip


def test_what_was_asked_under_an_attack_is_a_cell_of_its_own(tmp_path):
    plain = cell("text", "text", [0.25] * 9) + cell(None, "text", [0.0] * 9)
    attacked = cell("text", "text", [1.0] * 9, attack="insist")
    kept = scored(write(tmp_path / "a.jsonl", plain))
    both = scored(write(tmp_path / "b.jsonl", [*attacked, *plain]))
    assert both.rows == kept.rows
    assert [note for note in both.notes if "36 probe rows under an attack" in note]
    parted = scored(str(tmp_path / "b.jsonl"), by=["attack"])
    recalls = {r.condition.get("attack"): r.value for r in parted.rows if r.metric == "recall"
               and r.source == "text"}  # fmt: skip
    assert recalls == {None: 0.25, "insist": 1.0}
    assert b'"attack"' not in encode(plain[0])


def test_strangers_given_a_taught_name():
    rows = cell("text", "text", [1.0] * 9)
    rows += [
        probe(persona=f"x{n}", role="aux", expected=f"Xan {n}", view=view, checkpoint="runs/text",
              answer="ADA." if n < 3 else f"Nobody {n}")
        for n in range(6)
        for view in range(2)
    ]  # fmt: skip
    random.Random(0).shuffle(rows)
    result = score_rows(rows, metrics=["recall", "false_recognition"], resamples=100)
    row = pick(result.rows, "false_recognition", "text", "text")
    assert (row.value, row.personas, row.n) == (0.5, 6, 12)
    assert not any("another role" in note for note in result.notes)


# --- what is read ---


@pytest.mark.parametrize("kind", ["gz", "zst", "parquet", "duckdb"])
def test_every_kind_of_file_gives_the_same_scores(tmp_path, kind):
    import gzip

    from backports import zstd

    from xmm_cli.reporting.sql import store

    labels = {"views": 4, "prompt": "007", "facts": True, "lr": 0.5}
    rows = list(people.study(persons=9, condition=labels))
    plain = write(tmp_path / "a.jsonl", rows)
    other = tmp_path / f"b.{kind}"
    if kind == "gz":
        other.write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    elif kind == "zst":
        other.write_bytes(zstd.compress((tmp_path / "a.jsonl").read_bytes()))
    else:
        store(other, [plain])
    assert scored(str(other)) == scored(plain)


def test_findings_among_the_rows_are_passed_over(tmp_path):
    from xmm_cli.rows.types import Finding

    finding = Finding(family="gap", claim="a gap", measure="m", effect=0.1, low=0.0, high=0.2,
                      verdict="unclear", persons=9, seeds=1, unit="share")  # fmt: skip
    rows = list(study())
    expected = scored(write(tmp_path / "a.jsonl", rows))
    assert scored(write(tmp_path / "b.jsonl", [finding, *rows])) == expected
