"""Figures: the right file for each, the same bytes for the same rows, and nothing half written."""

import dataclasses
import re

import pytest

from xmm_cli import app
from xmm_cli.errors import WrongUsage
from xmm_cli.reporting import plots
from xmm_cli.reporting.plots import label
from xmm_cli.rows import fonts
from xmm_cli.rows.writer import encode
from xmm_cli.study.effects import IntervalSettings
from xmm_cli.study.figures import FIGURES, first_series, series_of

from ..scoring import world
from ..scoring.engine import count

QUICK = IntervalSettings(resamples=199)
BEGINS = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}
NEEDS = {
    "views": (*world.cells(), *world.by_views()),
    "unlearning": tuple(world.unlearning()),
    "ladder": (*world.cells(), *world.ladder()),
    "mitigation": (*world.cells(), *world.mitigation()),
    "layers": tuple(world.traces()),
    "cells": (*world.cells(), *world.untrained()),
}


def test_every_figure_is_tested():
    assert list(NEEDS) == FIGURES.names()


@pytest.mark.parametrize("figure", NEEDS)
@pytest.mark.parametrize("format", BEGINS)
def test_every_figure_in_every_format(figure, format):
    series = series_of(count(NEEDS[figure]), figure, QUICK)
    file = plots.draw(series, format)
    assert file.startswith(BEGINS[format])
    assert len(file) > 5000
    if format == "svg":
        assert file == plots.draw(series, format)


@pytest.mark.parametrize("figure", NEEDS)
def test_a_png_is_1600_pixels_across(figure):
    file = plots.draw(series_of(count(NEEDS[figure]), figure, QUICK), "png")
    assert int.from_bytes(file[16:20], "big") == 1600


@pytest.mark.parametrize("figure", NEEDS)
def test_no_figure_without_its_rows(figure):
    assert series_of(count([]), figure, QUICK) is None


def test_the_first_figure_that_the_rows_support():
    for name, rows in NEEDS.items():
        assert first_series(count(rows), QUICK).figure == name
    assert first_series(count([]), QUICK) is None


def test_points_are_means_with_intervals():
    series = series_of(count(world.cells({("image", "image"): 0.9})), "cells", QUICK)
    ((point,), nothing) = (line.points for line in series.panels[0].lines)
    assert nothing == []
    assert point.low < point.y < point.high
    assert point.y == pytest.approx(0.9, abs=0.1)
    assert series.persons == 48


def test_a_curve_begins_before_unlearning():
    series = series_of(count(NEEDS["unlearning"]), "unlearning", QUICK)
    leak = next(line for line in series.panels[0].lines if line.name == "npo")
    assert [point.x for point in leak.points] == pytest.approx([0.95, 0.5, 0, 0, 0], abs=0.1)
    assert [point.y for point in leak.points] == pytest.approx([0.95, 0.9, 0.6, 0.5, 0.3], abs=0.15)
    assert len(series.panels) == 4
    marks = {line.name: line.points for line in series.panels[0].lines}
    assert leak.points[-1].y in [point.y for point in marks["last step"]]
    assert leak.points[-2].y in [point.y for point in marks["retain set back"]]


def test_names_are_drawn_as_they_are():
    """No name starts a formula or a hidden legend entry."""
    rows = world.cells(base="$a_b$", condition={"mitigation": "_x$1$"})
    series = series_of(count([*world.cells(base="$a_b$"), *rows]), "mitigation", QUICK)
    assert b"svg" in plots.draw(series, "svg")


@pytest.mark.parametrize("name", ["a.jpg", "a", "png"])
def test_an_unknown_suffix(tmp_path, name):
    with pytest.raises(WrongUsage, match=r"\.png, \.svg, \.pdf"):
        plots.check_suffix(tmp_path / name)


@pytest.fixture
def rows_file(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\n".join(encode(row).strip() for row in world.cells(persons=8)) + b"\n")
    return file


def test_the_command_says_which_figure(rows_file, tmp_path, capsys):
    file = tmp_path / "figure.PNG"
    assert app.main(["report", str(rows_file), "--plot", str(file)]) == 0
    got = capsys.readouterr()
    assert (got.out, got.err) == ("", f"{file}: figure cells\n")
    assert file.read_bytes().startswith(BEGINS["png"])
    assert {path.name for path in tmp_path.iterdir()} == {"figure.PNG", "rows.jsonl"}


def test_a_figure_that_the_rows_do_not_support(rows_file, tmp_path, capsys):
    words = ["report", str(rows_file), "--plot", str(tmp_path / "a.svg"), "--figure", "ladder"]
    assert app.main(words) == 65
    assert "the rows do not support figure ladder" in capsys.readouterr().err
    assert not (tmp_path / "a.svg").exists()


def test_a_figure_that_cannot_be_written(rows_file, tmp_path, capsys):
    words = ["report", str(rows_file), "--plot", str(tmp_path / "no" / "a.svg")]
    assert app.main(words) == 73
    assert "a.svg: No such file" in capsys.readouterr().err


@pytest.mark.parametrize("figure", NEEDS)
@pytest.mark.parametrize("colour", [False, True])
def test_every_figure_in_the_terminal(figure, colour):
    from xmm_cli.reporting.plots.bars import drawn

    text = drawn(series_of(count(NEEDS[figure]), figure, QUICK), width=80, colour=colour)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert ("\x1b" in text) == colour
    assert max(len(line) for line in plain.splitlines()) <= 80
    assert "█" in plain
    assert re.search(r"\d+ %", plain)


@pytest.mark.parametrize("figure", NEEDS)
def test_every_figure_in_words(figure):
    from xmm_cli.reporting.plots.figure_words import in_words

    text = in_words(series_of(count(NEEDS[figure]), figure, QUICK))
    assert len(text) > 40
    assert text.endswith(".")


def test_repeated_rows_are_said(rows_file, tmp_path, capsys):
    rows_file.write_bytes(rows_file.read_bytes() * 2)
    assert app.main(["report", str(rows_file), "--plot", str(tmp_path / "a.svg")]) == 0
    number = len(rows_file.read_bytes().splitlines()) // 2
    assert f"{number} probe rows were given twice and count once" in capsys.readouterr().err


@pytest.mark.filterwarnings("error")
def test_letters_that_no_font_has_are_written_out(monkeypatch):
    monkeypatch.setattr(fonts, "_of_the_system", lambda: ())
    assert label("Zoë Жора") == "Zoë Жора"
    assert label("basis 王") == "basis \\u738b"
    ladder = series_of(count(NEEDS["ladder"]), "ladder", QUICK)
    panel = ladder.panels[0]
    ticks = ["王", *panel.ticks[1:]]
    changed = dataclasses.replace(panel, ticks=ticks)
    plots.draw(dataclasses.replace(ladder, panels=[changed]), "png")
