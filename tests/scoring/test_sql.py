"""Counting files as a whole gives what counting row by row gives, or nothing."""

import json
import threading

import msgspec
import pytest

from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Probe, Run, Trace
from xmm_cli.rows.writer import encode
from xmm_cli.scoring import sql
from xmm_cli.scoring.files import score_files
from xmm_cli.scoring.score import score_rows

from . import people


@pytest.fixture(autouse=True)
def _every_size(monkeypatch):
    monkeypatch.setattr(sql, "WORTHWHILE_BYTES", 0)


def write(path, rows):
    path.write_bytes(b"".join(row if isinstance(row, bytes) else encode(row) for row in rows))
    return str(path)


def both(*files, **options):
    """The scores both ways, as `xmm report` makes them."""
    from xmm_cli.commands.probes import seen_from_here

    rows = (
        seen_from_here(one.row, one.folder)
        for one in read_rows(files, want=(Probe,), skip=(Trace, Run))
    )
    return score_files(list(files), resamples=100, **options), score_rows(
        rows, resamples=100, **options
    )


def study():
    yield from people.study(persons=12, condition={"views": 4, "objective": "memorize"})
    trained = {cell: recall for cell, recall in people.USUAL.items() if cell[0]}
    labels = {"objective": "npo", "views": 8.0}
    yield from people.study(persons=9, seed=1, recalls=trained, condition=labels)
    yield from people.cell("image", "text", [0.25, 1], role="aux")


def test_the_same_scores_and_notes(tmp_path):
    file = write(tmp_path / "a.jsonl", study())
    fast, slow = both(file)
    assert fast == slow
    assert len(fast.rows) > 40
    assert any("another role" in note for note in fast.notes)


def test_several_files_and_labels(tmp_path):
    rows = list(study())
    files = []
    trained = [row for row in rows if row.source]
    for name, part in (("x", rows[::2]), ("x", rows[1::2]), ("y", trained)):
        (tmp_path / name).mkdir(exist_ok=True)
        files.append(write(tmp_path / name / f"{len(files)}.jsonl", part))
    fast, slow = both(*files, by=["views"])
    assert fast == slow


def test_generated_and_ranked_in_rows_of_their_own(tmp_path):
    shares = [0.25, 0.5, 1, 0]
    rows = [*people.cell("text", "image", shares), *people.ranked("text", "image", shares)]
    fast, slow = both(write(tmp_path / "a.jsonl", rows))
    assert fast == slow


def test_unanswered_and_untrained(tmp_path):
    rows = [*study(), people.probe(correct=None), people.probe(correct=None, view=1)]
    fast, slow = both(write(tmp_path / "a.jsonl", rows))
    assert fast == slow
    assert "2 probe rows have neither answer nor rank" in fast.notes


def test_a_repeated_question_is_left_to_the_slow_way(tmp_path):
    rows = list(study())
    assert score_files([write(tmp_path / "a.jsonl", [*rows, rows[3]])]) is None
    other = write(tmp_path / "b.jsonl", rows[:5])
    assert score_files([write(tmp_path / "c.jsonl", rows), other]) is None


BAD = {
    "persona": 5, "base": True, "checkpoint": 3, "modality": "smell", "source": 1, "role": "x",
    "set": "no", "split": 7, "task": 0, "hops": 0, "rank": 0, "view": -1, "correct": "true",
    "candidates": "32", "logprob": "-1", "question": 5, "expected": None, "answer": 5, "run": 3,
    "schema": 99, "condition": {"a": [1]}, "kind": "prob",
}  # fmt: skip


@pytest.mark.parametrize("field", BAD)
def test_a_bad_field_is_left_to_the_slow_way(tmp_path, field):
    rows = [json.loads(encode(row)) for row in study()]
    rows[17][field] = BAD[field]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    assert score_files([write(tmp_path / "a.jsonl", lines)]) is None


@pytest.mark.parametrize("field", ["view", "persona", "question", "expected", "task", "split"])
def test_a_missing_field_is_left_to_the_slow_way(tmp_path, field):
    rows = [json.loads(encode(row)) for row in study()]
    del rows[17][field]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    assert score_files([write(tmp_path / "a.jsonl", lines)]) is None


@pytest.mark.parametrize("line", [b"{", b"[1]\n", b"5\n", b'{"kind":"probe"', b"\xff\n", b"{}\n"])
def test_a_line_that_is_no_row_is_left_to_the_slow_way(tmp_path, line):
    assert score_files([write(tmp_path / "a.jsonl", [*study(), line])]) is None


def test_plain_large_files_only(tmp_path, monkeypatch):
    rows = list(study())
    assert score_files([]) is None
    assert score_files(["-"]) is None
    assert score_files([str(tmp_path / "none.jsonl")]) is None
    assert score_files([write(tmp_path / "a[b].jsonl", rows)]) is None
    file = write(tmp_path / "a.jsonl", rows)
    assert score_files([file, file]) is None
    monkeypatch.setattr(sql, "WORTHWHILE_BYTES", 10**9)
    assert score_files([file]) is None


def test_names_of_folders_are_no_fields(tmp_path):
    folder = tmp_path / "source=text" / "base=zz"
    folder.mkdir(parents=True)
    fast, slow = both(write(folder / "a.jsonl", study()))
    assert fast == slow
    assert {row.source for row in fast.rows} >= {"image", "text"}


def test_one_checkpoint_under_two_spellings_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    rows = list(study())
    spelled = [
        msgspec.structs.replace(row, checkpoint=row.checkpoint and f"../x/../{row.checkpoint}")
        for row in rows
    ]
    write(tmp_path / "t.jsonl", rows)
    write(tmp_path / "x" / "t.jsonl", spelled)
    once = both("t.jsonl")[1]
    for again in ("t.jsonl", str(tmp_path / "t.jsonl"), "x/t.jsonl"):
        fast, slow = both("t.jsonl", again)
        assert fast is None
        assert slow.rows == once.rows
        assert any("repeated" in note for note in slow.notes)


def test_an_object_without_a_kind_is_no_row(tmp_path):
    from xmm_cli.errors import BadData

    line = encode(next(iter(study()))).replace(b'"kind":"probe",', b"")
    file = write(tmp_path / "a.jsonl", [*study(), line])
    assert score_files([file], resamples=100) is None
    with pytest.raises(BadData, match="without 'kind'"):
        both(file)


def test_seeds_are_drawn_alike(tmp_path):
    from .test_score import of_seeds

    fast, slow = both(write(tmp_path / "a.jsonl", of_seeds(0.2, 0.5, 0.8)), by=["views"])
    assert fast is not None
    assert fast == slow
    assert any("over seeds and persons" in row.method for row in fast.rows)


def test_a_line_too_long_for_duckdb_is_left_to_the_slow_way(tmp_path):
    long = people.probe(answer="x" * (33 << 20))
    fast, slow = both(write(tmp_path / "a.jsonl", [*study(), long]))
    assert fast is None
    assert len(slow.rows) > 40


def test_a_person_without_a_name_is_left_to_the_slow_way_even_where_it_does_not_count(tmp_path):
    rows = [json.loads(encode(row)) for row in study()]
    nameless = next(row for row in rows if row["role"] == "aux")
    nameless["persona"] = ""
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    assert score_files([write(tmp_path / "a.jsonl", lines)]) is None


def test_labels_beyond_64_bits_stay_apart(tmp_path):
    shares, labels = [0.25, 1], [{"views": 10**30}, {"views": 10**30 + 1}]
    rows = [row for one in labels for row in people.cell("text", "image", shares, condition=one)]
    fast, slow = both(write(tmp_path / "a.jsonl", rows))
    assert fast == slow
    assert [one.condition for one in fast.rows if one.metric == "recall"] == labels


def test_what_is_loaded_beside_the_count_may_fail(tmp_path, capfd):
    """Where it is needed it fails again, with a message; a thread of its own would only scream."""
    done = []

    def beside():
        done.append(1)
        raise ImportError("no such thing")

    file, threads = write(tmp_path / "a.jsonl", study()), threading.active_count()
    assert score_files([file], resamples=100, beside=beside) is not None
    assert done == [1]
    assert capfd.readouterr() == ("", "")
    assert threading.active_count() == threads
