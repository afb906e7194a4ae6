"""The findings in every format; the table and the Markdown against files.

Make the files anew with `XMM_GOLDEN=write pytest tests/reporting`, and read the difference.
"""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from xmm_cli import app
from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.findings_table import FIELDS, render_findings
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.rows.writer import encode
from xmm_cli.scoring.findings.finding import Finding

from ..scoring import world

GOLDEN = Path(__file__).parent / "golden"


def finding(name="a gap remains, image → text", effect=0.56, ends=(0.49, 0.634), **fields):
    low, high = ends or (None, None)
    usual = {
        "family": "gap",
        "measure": "recall here minus recall there",
        "seeds": 3,
        "verdict": "holds",
        "by_seed": {"20": 0.5, "21": 0.62},
        "n": 48,
        "unit": "difference of shares",
        "comment": "95 and 40 %",
    }
    return Finding(finding=name, effect=effect, low=low, high=high, **(usual | fields))


ROWS = [
    finding(),
    finding("the two directions differ", -0.08, (-0.2, 0.03), verdict="unclear"),
    finding(
        "the text side leaks, kl through image",
        None,
        None,
        family="unlearning",
        verdict="unclear",
        seeds=0,
        by_seed={},
        n=0,
        comment="never reached chance",
    ),
    finding(
        "it differs from a retrained model in log-probability, npo through image",
        1.5,
        (1.28, 1.65),
        family="unlearning",
        unit="nats",
    ),
    finding("the gap closes by align", -0.02, (-0.1, 0.04), unit="share", verdict="does not hold"),
]


def shown(rows, format="table", width=80, colour=False):
    return render_findings(rows, format, width=width, colour=colour)


@pytest.mark.parametrize(("format", "end"), [("table", "txt"), ("markdown", "md")])
def test_against_file(format, end):
    file = GOLDEN / f"findings.{end}"
    text = shown(ROWS, format)
    if os.environ.get("XMM_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_a_table_fits_its_width():
    assert all(len(line) <= 80 for line in shown(ROWS).splitlines())
    assert all(len(line) <= 70 for line in shown(ROWS, width=70).splitlines())
    assert shown(ROWS, width=30)


def test_verdicts_are_words_and_colour_only_adds_to_them():
    import re

    coloured = shown(ROWS, colour=True)
    assert "\x1b[32mholds" in coloured
    plain = shown(ROWS)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).split() == plain.split()
    assert "\x1b" not in plain
    for verdict in ("holds", "does not hold", "unclear"):
        assert verdict in plain


def test_json_is_a_list_of_all_fields():
    (first, *_), text = json.loads(shown(ROWS, "json")), shown(ROWS, "jsonl")
    assert tuple(first) == FIELDS
    assert first["by_seed"] == {"20": 0.5, "21": 0.62}
    assert [json.loads(line) for line in text.splitlines()] == json.loads(shown(ROWS, "json"))
    assert json.loads(shown(ROWS, "json"))[2]["effect"] is None
    assert json.loads(shown([], "json")) == []


def test_csv_has_a_line_for_each():
    found = list(csv.DictReader(io.StringIO(shown(ROWS, "csv"))))
    assert [row["verdict"] for row in found] == [row.verdict for row in ROWS]
    assert found[2]["effect"] == ""
    assert json.loads(found[0]["by_seed"]) == {"20": 0.5, "21": 0.62}


@pytest.mark.parametrize("format", ["table", "markdown", "jsonl"])
def test_no_findings(format):
    assert shown([], format) == ""


def test_an_unknown_format():
    with pytest.raises(WrongUsage, match="did you mean markdown"):
        shown([], "markdwn")


@pytest.mark.parametrize("format", FORMATS.names())
def test_nothing_in_a_row_is_obeyed(format):
    hostile = "[red]x[/red] \x1b[2J\x1b]0;title\x07 \u202eevil\r\n| <b>a</b>"
    text = shown([finding(hostile, comment=hostile, family=hostile)], format, width=200)
    assert "\x1b" not in text
    if format in ("table", "markdown", "csv"):
        assert "\u202e" not in text
        assert "\r" not in text
    if format == "markdown":
        assert "<b>" not in text


@pytest.fixture
def rows_file(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [*world.cells(), *world.untrained(), *world.traces(persons=8, layers=1)]
    file.write_bytes(b"\n".join(encode(row).strip() for row in rows) + b"\n")
    return file


def test_the_command(rows_file, capsys):
    assert app.main(["report", str(rows_file), "--findings", "--format", "json"]) == 0
    got = capsys.readouterr()
    found = json.loads(got.out)
    assert {"gap", "controls", "inside"} <= {row["family"] for row in found}
    assert "left out: views" in got.err
    assert got.err.count("\n") == 1


def test_scores_are_made_of_a_file_with_traces(rows_file, capsys):
    assert app.main(["report", str(rows_file), "--quiet"]) == 0
    assert "learned from images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--findings", "--by", "views"], 2, "--by with --findings; it is for --html or --card"),
        (["--findings", "--figure", "cells"], 2, "--figure with --findings; it is for --plot"),
        (["--figure", "cells"], 2, "--figure without --plot"),
        (["--findings", "--format", "markdwn"], 2, "did you mean markdown"),
        (["--plot", "a.jpg"], 2, ".png, .svg, .pdf"),
        (["--plot", "a.png", "--figure", "view"], 2, "did you mean views"),
    ],
)
def test_wrong_usage(rows_file, tmp_path, monkeypatch, capsys, words, code, said):
    monkeypatch.chdir(tmp_path)
    assert app.main(["report", str(rows_file), *words]) == code
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("a.*"))
