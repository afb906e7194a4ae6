"""Pictures on the page, which rows of anyone may have named."""

import os
from pathlib import Path

import pytest
from PIL import Image

from xmm_cli.reporting.page.samples import SampleChoice, _data_uri
from xmm_cli.rows.inputs import open_inputs
from xmm_cli.rows.types import Checkpoint, ImageView, Persona, TextView
from xmm_cli.rows.writer import encode

from ..scoring.people import probe


def choose(samples, row):
    choose_all(samples, [row])


def choose_all(samples, given):
    Path("probes.jsonl").write_bytes(b"".join(map(encode, given)))
    with open_inputs(["probes.jsonl"]) as rows:
        samples.choose(rows)


@pytest.mark.parametrize(("name", "shown"), [("a.png", True), ("a.ppm", False)])
def test_only_the_usual_formats_are_opened(tmp_path, name, shown):
    Image.new("RGB", (3, 3)).save(tmp_path / name)
    assert bool(_data_uri(tmp_path / name)) == shown


def test_what_is_no_file_is_left_out(tmp_path):
    assert _data_uri(tmp_path) is None
    assert _data_uri(tmp_path / "nowhere.png") is None


def test_pictures_are_looked_for_where_the_checkpoint_is_too(tmp_path, monkeypatch):
    """People of another folder came through the pipe; the pictures lie with the checkpoint."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "text"
    folder.mkdir(parents=True)
    Image.new("RGB", (3, 3)).save(folder / "0.png")
    view = ImageView(path="0.png", view=0, split="heldout")
    person = Persona(id="p0", name="Ada", role="eval", images=(view,))
    (folder / "personas.jsonl").write_bytes(encode(person))
    samples = SampleChoice()
    samples.add_persona(person, tmp_path)
    choose(samples, probe(modality="image", answer="Ada", correct=True))
    assert [one.picture is not None for one in samples.found()] == [True]


@pytest.mark.parametrize("name", ["pipe", "*.jsonl", "runs"])
def test_only_a_file_is_read_for_people(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    person = Persona(
        id="p0", name="Ada", role="eval", texts=(TextView(text="secret", view=0, split="heldout"),)
    )
    Path("other.jsonl").write_bytes(encode(person))
    samples = SampleChoice()
    row = Checkpoint(path="x", base="b", source="text", personas=name, objective="memorize",
                     views=1, steps=1, seed=0)  # fmt: skip
    samples.add_checkpoint(row, Path())
    choose(samples, probe(modality="text", answer="Ada", correct=True))
    assert [one.text for one in samples.found()] == [None]


def test_before_and_after_unlearning_are_told_by_how_the_model_was_made(tmp_path, monkeypatch):
    """With `--sets` the model before has the sets too; a retrained model is neither of both."""
    monkeypatch.chdir(tmp_path)
    npo, retrained = {"objective": "npo", "through": "text"}, {"objective": "retrain"}
    given = [
        probe(set="forget", answer="Ada", correct=True, attack="insist", condition=npo),
        probe(set="forget", answer="nobody", condition=retrained, checkpoint="runs/anew"),
        probe(set="forget", answer="Ada", correct=True),
        probe(set="forget", answer="someone", condition=npo, checkpoint="runs/npo"),
    ]
    samples = SampleChoice()
    choose_all(samples, given)
    told = [(one.when, one.row.answer) for one in samples.found() if one.when]
    assert told == [
        ("forget set, before unlearning", "Ada"),
        ("forget set, after unlearning", "someone"),
    ]
