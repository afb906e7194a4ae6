"""Every format over the same rows; the table and the Markdown against files.

Make the files anew with `XMM_GOLDEN=write pytest tests/reporting`, and read the difference.
"""

import csv
import io
import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xmm_cli.errors import WrongUsage
from xmm_cli.reporting import FORMATS, render, render_tables
from xmm_cli.rows.types import Score

from .scores import absent, score, study, study_ranked

GOLDEN = Path(__file__).parent / "golden"
WARNED = [
    score("recall", "image", "image", 0.04, (0.0, 0.51), personas=6),
    score("recall", "image", "text", 0.0, (0.0, 0.46), personas=5),
    score("memory", "image", "image", 0.04, (0.0, 0.51), method="few persons (6): read with care"),
    score("transfer_gap", "image", "text", -0.04, (-0.51, 0.42)),
    absent("transfer_ratio", "image", "text"),
    absent("asymmetry"),
    absent("cross_modal_score"),
]
CASES = {
    "study": study() + study_ranked(),
    "warned": WARNED,
    "groups": [
        score(task="fact", set="forget", condition={"mitigated": True}),
        score(task="fact", set="retain", condition={"mitigated": True}),
    ],
    "unknown": [score("novelty", "text", "image", 1.25, (-0.5, 2.0))],
}


def shown(scores, format="table", width=80, colour=False):
    return render(scores, format, width=width, colour=colour)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("format", "end"), [("table", "txt"), ("markdown", "md")])
def test_against_file(case, format, end):
    file = GOLDEN / f"{case}.{end}"
    text = shown(CASES[case], format)
    if os.environ.get("XMM_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_table_fits_its_width(case):
    assert all(len(line) <= 80 for line in shown(CASES[case]).splitlines())
    assert all(len(line) <= 72 for line in shown(CASES[case], width=72).splitlines())
    assert shown(CASES[case], width=30)


def test_without_colour_there_is_no_escape(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in shown(study())


def test_colour_only_adds_escapes():
    import re

    coloured = shown(study(), colour=True)
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured).split() == shown(study()).split()


def test_renderables_print_on_any_console():
    from rich.console import Console

    console = Console(width=80, file=io.StringIO())
    for renderable in render_tables(study()):
        console.print(renderable)
    assert "learned from images" in console.file.getvalue()


@pytest.mark.parametrize(("format", "text"), [("table", ""), ("markdown", ""), ("jsonl", "")])
def test_no_scores(format, text):
    assert shown([], format) == text


def test_jsonl_gives_the_rows_back():
    lines = shown(study(), "jsonl").splitlines()
    assert [msgspec.json.decode(line, type=Score) for line in lines] == study()


def test_json_gives_the_rows_back():
    assert msgspec.json.decode(shown(study(), "json"), type=list[Score]) == study()
    assert json.loads(shown([], "json")) == []


def test_csv_has_a_column_for_each_label():
    rows = [score(condition={"views": 4}), score(value=None, ends=None, condition={"a b": True})]
    found = list(csv.DictReader(io.StringIO(shown(rows, "csv"))))
    assert [row["condition.views"] for row in found] == ["4", ""]
    assert [row["condition.a b"] for row in found] == ["", "True"]
    assert [row["value"] for row in found] == ["0.5", ""]
    assert "schema" not in found[0]


def test_an_unknown_format():
    with pytest.raises(WrongUsage, match="did you mean markdown"):
        shown([], "markdwn")


HOSTILE = "[red]x[/red] \x1b[2J\x1b]0;title\x07 \u202eevil\r\n| <b>a</b> \x9b31m :smile:"


@pytest.mark.parametrize("format", FORMATS.names())
def test_nothing_in_a_row_is_obeyed(format):
    rows = [
        score(HOSTILE, method=HOSTILE, condition={HOSTILE: HOSTILE}),
        score(method=HOSTILE, condition={HOSTILE: HOSTILE}),
        absent(HOSTILE, reason=HOSTILE),
    ]
    text = shown(rows, format, width=400)
    for character in "\x1b\x07\r\u202e\x9b" if format in ("table", "markdown", "csv") else "\x1b\r":
        assert character not in text
    if format == "table":
        assert "[red]x[/red]" in text
        assert ":smile:" in text
    if format == "markdown":
        assert "<b>" not in text
        assert "\\| \\<b\\>" in text


label = st.one_of(st.text(max_size=20), st.integers(-9, 9), st.booleans(), st.floats(0, 1))
scores = st.builds(
    score,
    metric=st.sampled_from(["recall", "memory", "chance", "transfer_gap", "asymmetry", "other"]),
    source=st.sampled_from([None, "image", "text", "both"]),
    modality=st.sampled_from(["image", "text"]),
    value=st.one_of(st.none(), st.floats(-2, 2)),
    ends=st.one_of(st.none(), st.tuples(st.floats(-2, 0), st.floats(0, 2))),
    answer=st.sampled_from(["generate", "rank"]),
    task=st.sampled_from(["name", "fact", "attribute", "reverse"]),
    split=st.sampled_from([None, "train", "heldout"]),
    condition=st.dictionaries(st.text(max_size=8), label, max_size=3),
    method=st.text(max_size=30),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(scores, max_size=8), st.integers(20, 120))
@example([score("chance", value=5e-324, ends=None)], 80)
def test_any_scores_can_be_shown(rows, width):
    for format in FORMATS.names():
        text = shown(rows, format, width=width)
        assert "\x1b" not in text
        assert not text or text.endswith("\n")


def test_text_from_rows_is_no_markup():
    evil = {"a_b": r"\input{x} <b> & 50 % $x$ #1 ~^"}
    assert "<b>" not in shown(study(condition=evil), "html")
    assert r"\input" not in shown(study(condition=evil), "latex")


@pytest.mark.parametrize("case", CASES)
def test_latex_tables_are_even(case):
    text = shown(CASES[case], "latex")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 0
    for tabular in text.split(r"\begin{tabular}{")[1:]:
        columns = tabular.index("}")
        body = tabular[columns + 1 : tabular.index(r"\end{tabular}")]
        lines = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert all(line.replace(r"\&", "").count("&") == columns - 1 for line in lines)


@pytest.mark.parametrize("format", FORMATS.names())
def test_no_scores_are_no_table(format):
    assert shown([], format) in ("", "[]\n") or format == "csv"
