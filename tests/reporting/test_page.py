"""The page: whole, self-contained, escaped, with pictures found where the rows say."""

import re
from html.parser import HTMLParser

import msgspec
import pytest
from PIL import Image

from xmm_cli import app
from xmm_cli.reporting.page.page import command_of
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import ImageView, Persona, TextView
from xmm_cli.rows.writer import encode

from ..scoring import people

EVIL = "<script>alert(1)</script>\"' \x1b[31m"
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Checks that tags close in order, and keeps what was found."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def made(tmp_path):
    """A page of rows with pictures, and names that try to be markup."""
    Image.new("RGB", (400, 300), "red").save(tmp_path / "face.png")
    (tmp_path / "no.png").write_text("root:x:0:0")
    persona = Persona(
        id="p0", name=EVIL, role="eval",
        images=(ImageView(path="face.png", view=0, split="heldout"),
                ImageView(path="no.png", view=1, split="heldout")),
        texts=(TextView(text=EVIL, view=0, split="heldout"),),
    )  # fmt: skip
    run = RunRecorder("train", {"source": "text", "label": EVIL, "inputs": ["a b"]}, seed=3).row()
    fields = {"answer": EVIL, "expected": EVIL, "question": EVIL, "condition": {"a": EVIL}}
    rows = [persona, run, *people.study(persons=8, **fields)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(encode(row) for row in rows))
    file = tmp_path / "page.html"
    assert app.main(["report", str(tmp_path / "rows.jsonl"), "--html", str(file), "--quiet"]) == 0
    return file.read_text("utf-8")


def test_it_is_whole_and_says_what_it_is(made):
    reader = Reader()
    reader.feed(made)
    reader.close()
    assert reader.open == []
    assert reader.tags.count("main") == reader.tags.count("h1") == 1
    assert {"table", "figure", "article", "caption"} <= set(reader.tags)
    assert made.startswith("<!DOCTYPE html>")
    assert '<html lang="en">' in made


def test_nothing_in_a_row_is_markup(made):
    assert "<script" not in made
    assert "\x1b" not in made
    assert "&lt;script&gt;" in made


def test_nothing_is_loaded_from_anywhere(made):
    reader = Reader()
    reader.feed(made)
    links = [value for _, name, value in reader.attributes if name in ("src", "href", "srcset")]
    assert links
    assert all(value.startswith("data:image/") for value in links)
    assert "url(" not in made
    assert "default-src 'none'" in made
    assert not {"script", "link", "iframe", "object"} & set(reader.tags)


def test_whoever_does_not_see_it_can_read_it(made):
    reader = Reader()
    reader.feed(made)
    pictures = re.findall(r"<img[^>]*>", made)
    assert pictures
    assert all(re.search(r'alt="[^"]+"', tag) for tag in pictures)
    scopes = [value for tag, name, value in reader.attributes if (tag, name) == ("th", "scope")]
    assert set(scopes) == {"col", "row"}
    assert len(scopes) == reader.tags.count("th")


def test_samples_right_and_wrong_in_both_modalities(made):
    for asked in ("image", "text"):
        assert f"asked with {asked}" in made
    assert 'class="right"' in made
    assert 'class="wrong"' in made
    assert made.count("data:image/png") >= 1
    assert "root:x" not in made


def test_the_commands(made):
    run = RunRecorder("train", {"source": "text", "quiet": True}, seed=3).row()
    assert command_of(run, {}) == "train: source text, quiet True"
    train = msgspec.structs.replace(run, words=("train", "a b", "--quiet"))
    probe = msgspec.structs.replace(train, id="p", words=("probe", "-"), parents=("g", run.id))
    made_by = {run.id: train, "p": probe}
    assert command_of(probe, made_by) == "xmm train 'a b' --quiet | xmm probe -"
    assert "train: source text" in made


def test_light_dark_and_paper(made):
    assert "prefers-color-scheme: dark" in made
    assert "@media print" in made
