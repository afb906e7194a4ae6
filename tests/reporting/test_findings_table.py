"""The findings in every format; the table and the Markdown against files.

Make the files anew with `XMM_GOLDEN=write pytest tests/reporting`, and read the difference.
"""

import csv
import io
import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmm_cli import app
from xmm_cli.errors import WrongUsage
from xmm_cli.reporting.findings_sentences import BEGINNINGS, MOST, sentences
from xmm_cli.reporting.findings_table import COLUMNS, FIELDS, distinct, render_findings
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.rows.types import Finding
from xmm_cli.rows.writer import encode

from ..scoring import world

GOLDEN = Path(__file__).parent / "golden"


def finding(name="a gap remains, image → text", effect=0.56, ends=(0.49, 0.634), **fields):
    low, high = ends or (None, None)
    usual = {
        "family": "gap",
        "measure": "memory here minus memory there",
        "p": 0.0002,
        "p_holm": 0.0004,
        "spread": 0.084,
        "p_spread": 0.21,
        "verdict": "holds",
        "persons": 48,
        "seeds": 2,
        "by_seed": {"20": 0.5, "21": 0.62},
        "unit": "difference of shares",
        "comment": "95 and 40 %",
    }
    return Finding(claim=name, effect=effect, low=low, high=high, **(usual | fields))


NOTHING = {"p": None, "p_holm": None, "spread": None, "p_spread": None}
ROWS = [
    finding(),
    finding("the two directions differ", -0.08, (-0.2, 0.03), verdict="unclear", p_holm=0.342),
    finding(
        "the text side leaks, ga through image, with the retain set back",
        None,
        None,
        family="unlearning",
        verdict="unclear",
        persons=0,
        seeds=0,
        by_seed={},
        comment="the retain set never came back",
        **NOTHING,
    ),
    finding(
        "it differs from a retrained model in log-probability, npo through image",
        1.5,
        (1.28, 1.65),
        family="unlearning",
        unit="nats",
        p_spread=0.03,
    ),
    finding("the gap closes by align", -0.02, (-0.1, 0.04), unit="share", verdict="does not hold"),
    finding("the gap closes by nothing", 0.01, (-0.02, 0.04), unit="share", verdict="negligible"),
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
    for verdict in ("holds", "negligible", "does not hold", "unclear"):
        assert verdict in plain


def test_a_wide_table_shows_p_and_spread():
    header = shown(ROWS, width=120).splitlines()[1].split("  ")
    assert {name.strip() for name in header} - {""} == set(COLUMNS)
    assert "< 0.001" in shown(ROWS, width=120)
    assert "8 pts " in shown(ROWS, width=120)
    assert "0.08 nats*" in shown(ROWS, width=120)
    assert "p (Holm) " not in shown(ROWS, width=80).splitlines()[1]


@pytest.mark.parametrize("format", ["markdown", "latex", "html"])
def test_p_and_spread_are_columns(format):
    text = shown(ROWS, format)
    assert "p (Holm)" in text
    assert "spread" in text
    assert "0.34" in text
    assert "negligible" in text


def test_json_lines_are_rows():
    lines = shown(ROWS, "jsonl").splitlines()
    assert [msgspec.json.decode(line, type=Finding) for line in lines] == ROWS
    assert json.loads(lines[0])["kind"] == "finding"
    assert json.loads(lines[0]).keys() >= {"schema", "run", "claim", "persons", "p_holm", "spread"}
    assert [json.loads(line) for line in lines] == json.loads(shown(ROWS, "json"))
    assert json.loads(shown([], "json")) == []


def test_kept_findings_are_shown_once():
    again = msgspec.structs.replace(ROWS[1], run="r-1")
    assert distinct([*ROWS, again]) == ROWS
    assert len(distinct([finding("a"), finding("b"), finding("a", comment="other")])) == 3


def test_csv_has_a_line_for_each():
    found = list(csv.DictReader(io.StringIO(shown(ROWS, "csv"))))
    assert list(found[0]) == FIELDS
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


@pytest.fixture
def kept_file(rows_file, tmp_path, capsys):
    """The findings of the rows, in a file of their own."""
    assert app.main(["report", str(rows_file), "--findings", "--format", "jsonl", "-q"]) == 0
    file = tmp_path / "findings.jsonl"
    file.write_text(capsys.readouterr().out, "utf-8")
    return file


def test_findings_in_a_file_are_shown_again(rows_file, kept_file, capsys):
    def said(*words):
        assert app.main(["report", *map(str, words), "-q"]) == 0
        return capsys.readouterr().out

    table = said(rows_file, "--findings")
    assert said(kept_file) == table
    assert said(kept_file, "--findings") == table
    assert said(kept_file, rows_file, "--findings") == table
    assert said(kept_file, "--findings", "-f", "jsonl") == kept_file.read_text("utf-8")
    both = said(rows_file, kept_file)
    assert both.startswith(said(rows_file).rstrip("\n"))
    assert both.endswith(table)
    assert {"score", "finding"} == {
        json.loads(line)["kind"] for line in said(rows_file, kept_file, "-f", "jsonl").splitlines()
    }
    assert app.main(["report", str(rows_file), str(kept_file), "-f", "csv"]) == 2
    assert "use jsonl" in capsys.readouterr().err


def test_findings_are_asked_in_sql_gathered_and_on_the_page(kept_file, tmp_path, capsys):
    query = "select count(*), count(p_holm), max(by_seed['20']) > 0 from findings"
    kept = [json.loads(line) for line in kept_file.read_text("utf-8").splitlines()]
    tested = sum(row["p_holm"] is not None for row in kept)
    for file in (kept_file, tmp_path / "all.duckdb", tmp_path / "all.parquet"):
        if file != kept_file:
            assert app.main(["report", str(kept_file), "--to", str(file), "-q"]) == 0
        if file.suffix == ".duckdb":
            import duckdb

            with duckdb.connect(str(file), read_only=True) as store:
                assert store.execute("select count(*) from findings").fetchone() == (len(kept),)
            continue
        assert app.main(["report", str(file), "--sql", query, "-f", "csv"]) == 0
        assert capsys.readouterr().out.splitlines()[1] == f"{len(kept)},{tested},true"
    page = tmp_path / "page.html"
    assert app.main(["report", str(kept_file), "--html", str(page), "-q"]) == 0
    text = page.read_text("utf-8")
    assert "<h2>Findings</h2>" in text
    assert "a gap remains, image → text" in text


def test_scores_are_made_of_a_file_with_traces(rows_file, capsys):
    assert app.main(["report", str(rows_file), "--quiet"]) == 0
    assert "learned from images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["--findings", "--by", "views"],
            2,
            "--by with --findings; it is for --audit",
        ),
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


@given(st.lists(st.sampled_from(ROWS), min_size=1, max_size=MOST))
def test_no_sentence_is_stronger_than_its_row(rows):
    said = sentences(rows)
    for row in rows:
        claim, _, condition = row.claim.partition(", ")
        of_row = [one for one in said if claim in one.lower() and condition in one]
        beginning = BEGINNINGS[row.verdict] + claim
        assert any(one.lower().startswith(beginning.lower()) for one in of_row)
        (alone,) = sentences([row])
        assert row.verdict == "holds" or not alone.lower().startswith(claim.lower())


def test_a_sentence_of_many_cases_gives_their_number():
    rows = [finding(f"a gap remains, base {number}") for number in range(MOST + 1)]
    assert sentences(rows) == [f"A gap remains, in {MOST + 1} cases (see the table)."]


def test_no_case_is_lost_from_a_sentence():
    rows = [finding("the two directions differ"), finding("the two directions differ, xmm-base-s")]
    whole, of_base = ("(56 pts [49–63])", "xmm-base-s (56 pts [49–63])")
    assert sentences(rows) == [f"The two directions differ: {whole}; {of_base}."]
    assert sentences(rows[:1]) == [f"The two directions differ {whole}."]
