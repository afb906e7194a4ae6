"""What goes to disk comes back: counts do not depend on how much is held in memory."""

import random

import pytest

from xmm_cli.errors import CannotWrite
from xmm_cli.scoring import spill
from xmm_cli.scoring.score import score_rows

from .people import cell, pick, probe, study


@pytest.fixture
def tight(monkeypatch):
    """As if there were room for a handful of records."""
    monkeypatch.setattr("xmm_cli.scoring.tally.CHUNK", 7)
    monkeypatch.setattr("xmm_cli.scoring.composition.CHUNK", 7)
    monkeypatch.setattr(spill, "HELD", 20)


def test_spilled_rows_count_as_those_in_memory(monkeypatch, request):
    rows = list(study(persons=12, views=3))
    changed = [probe(source="text", persona="p1", view=view, correct=True) for view in range(3)]
    rows += rows[:40] + changed
    expected = score_rows(rows, resamples=200)
    request.getfixturevalue("tight")
    assert score_rows(rows, resamples=200) == expected


def test_the_last_answer_counts_on_disk_too(tight):
    rows = cell("text", "text", [1.0] * 9, views=4)
    rows += [probe(persona="p3", view=view, correct=False) for view in range(4)]
    result = score_rows(rows, resamples=200)
    assert pick(result.rows, "recall", "text", "text").value == pytest.approx(8 / 9)
    assert "4 repeated probe rows" in result.notes[0]


def test_a_full_disk_is_said(tight, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spill, "_temporary", full)
    with pytest.raises(CannotWrite, match=r"No space left.*TMPDIR"):
        score_rows(study(), resamples=200)


def test_no_file_is_left_behind(tight, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    score_rows(study(), resamples=200)
    assert list(tmp_path.iterdir()) == []


def test_attributes_told_in_one_description_are_questions_of_their_own():
    rows = [
        probe(task="reverse", expected=value, correct=value == "red", modality="text")
        for value in ("red", "glasses")
    ]
    result = score_rows(rows, resamples=200)
    assert pick(result.rows, "recall", "text", "text").value == 0.5
    assert not [note for note in result.notes if "repeated" in note]


def test_parts_hold_each_key_once_and_in_order(monkeypatch):
    monkeypatch.setattr(spill, "HELD", 50)
    taken = spill.Spill([("key", "u8"), ("at", "u4")])
    draw = random.Random(0)
    for at in range(500):
        taken.add((draw.randrange(40) * 2**50 + draw.randrange(3), at))
        if at % 10 == 9:
            taken.settle()
    seen, found = set(), []
    for part in taken.parts():
        keys = set(part["key"].tolist())
        assert not keys & seen
        seen |= keys
        found += part["at"].tolist()
        for key in keys:
            places = part["at"][part["key"] == key].tolist()
            assert places == sorted(places)
    assert sorted(found) == list(range(500))


def test_a_disk_that_takes_only_a_part_loses_nothing(monkeypatch):
    monkeypatch.setattr(spill, "HELD", 50)
    made = spill._temporary

    class Slow:
        """A file that takes 100 bytes at a time, as a disk that fills up does."""

        def __init__(self):
            self.file = made()

        def write(self, data):
            return self.file.write(bytes(data[:100]))

        def __getattr__(self, name):
            return getattr(self.file, name)

    monkeypatch.setattr(spill, "_temporary", Slow)
    taken = spill.Spill([("key", "u8"), ("at", "u4")])
    for at in range(5000):
        taken.add((at % 2, at))
    taken.settle()
    assert sum(len(part) for part in taken.parts()) == 5000
