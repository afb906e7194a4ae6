"""`xmm report --audit`: the sentence, the tables, the row, the gate and the page."""

import csv
import json
import re
from io import StringIO

import msgspec
import pytest

from tests.contract.conftest import xmm  # noqa: F401
from tests.study.audited import World
from xmm_cli.reporting.audit_table import by_model, sentence
from xmm_cli.rows.audit import AttackResult, Audit
from xmm_cli.rows.types import ROW_TYPES

QUICK = ("--resamples", 199)


def part(modality, verdict, before, after, **fields):
    usual = {"objective": "npo", "through": "image", "base": "b", "reference": "retrained"}
    return Audit(
        verdict=verdict, modality=modality, before=before, after=after, persons=24,
        margin=0.1, level=0.05, **(usual | fields),
    )  # fmt: skip


def said(verdict, *parts, **fields):
    (model,) = by_model([part(None, verdict, None, None, **fields), *parts])
    return sentence(model)


def test_the_first_sentence_needs_no_statistics():
    image, text = part("image", "undecided", 0.98, 0.0), part("text", "leaking", 0.98, 0.83)
    assert said("leaking", image, text) == (
        "Unlearned through pictures: 98 → 0 %. In words 98 → 83 %: leaking."
    )


def test_the_sentence_names_the_attack():
    brought_back = AttackResult(attack="paraphrase", unlearned=0.61)
    image = part("image", "suppressed", 0.98, 0.0, attack="paraphrase", attacks=(brought_back,))
    assert said("suppressed", image, part("text", "erased", 0.9, 0.01)) == (
        "Unlearned through pictures: 98 → 0 %: suppressed (paraphrase brings back 61 %). "
        "In words 90 → 1 %."
    )


def test_the_sentence_of_both_modalities():
    parts = [part(one, "erased", 0.98, 0.0, through="both") for one in ("image", "text")]
    assert said("erased", *parts, through="both") == (
        "Unlearned through pictures and words. In pictures 98 → 0 %: erased. "
        "In words 98 → 0 %: erased."
    )


@pytest.fixture(scope="module")
def leaking(tmp_path_factory):
    world = World(
        unlearned={"text": 0.83}, attacks=("paraphrase", "typeset"), before={"typeset": 0.1}
    )
    return world.write(tmp_path_factory.mktemp("leak") / "probes.jsonl")


@pytest.fixture(scope="module")
def erased(tmp_path_factory):
    return World(forget=72).write(tmp_path_factory.mktemp("erased") / "probes.jsonl")


def test_the_verdict_comes_first_and_what_is_not_applicable_last(xmm, leaking):  # noqa: F811
    shown = xmm("report", leaking, "--audit", *QUICK).out.decode()
    assert shown.startswith("Unlearned through pictures: 98 → 0 %. In words 97 → ")
    assert shown.index("paraphrase") < shown.index("Not applicable: typeset in pictures")
    assert "2 retrained models" in shown
    assert "margin 10 points, level 5 %" in shown


def test_a_verdict_is_a_gate(xmm, leaking, erased):  # noqa: F811
    tripped = xmm("report", leaking, "--audit", *QUICK, "--fail-if", "verdict != erased")
    assert (tripped.code, tripped.err.count("\n")) == (3, 1)
    assert "gate: verdict != erased: npo is leaking" in tripped.err
    assert "leaking" in tripped.out.decode()
    for file, condition in ((leaking, "verdict[image] == leaking"), (erased, "verdict != erased")):
        assert xmm("report", file, "--audit", *QUICK, "--fail-if", condition).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--audit", "--fail-if", "verdict > 3"], "no condition on a verdict"),
        (["--audit", "--fail-if", "verdict != gone"], "known: never learned, erased"),
        (["--audit", "--fail-if", "leak > 0.05"], "no condition on a verdict"),
        (["--audit", "--margin", "7"], "a share between 0 and 1"),
        (["--fail-if", "verdict != erased"], "without --audit"),
        (["--margin", "0.1"], "--margin"),
        (["--audit", "--resamples", "5"], "100 at least"),
        (["--audit", "--by", "seed"], "add --html"),
        (["--audit", "--html", "page.html", "--format", "csv"], "a page is HTML"),
    ],
)
def test_what_no_audit_takes(xmm, leaking, words, said):  # noqa: F811
    xmm("report", leaking, *words).failed(2, said)


def test_the_verdict_is_a_row_that_is_shown_again(xmm, leaking, tmp_path):  # noqa: F811
    made = xmm("report", leaking, "--audit", *QUICK, "--format", "jsonl").out
    lines = made.splitlines()
    rows = [msgspec.json.decode(line, type=msgspec_union()) for line in lines]
    assert [row.verdict for row in rows] == ["leaking", "undecided", "leaking"]
    names = {path.rpartition("/")[2] for path in rows[0].models}
    assert names == {"both", "un", "retrained-0", "retrained-1"}
    file = tmp_path / "verdict.jsonl"
    file.write_bytes(made)
    table = xmm("report", leaking, "--audit", *QUICK).out
    assert xmm("report", file, "--audit").out == table
    again = xmm("report", file, "--audit", "--format", "jsonl").out
    assert again == made
    asked = "select verdict, modality from audits where modality is not null"
    told = xmm("report", file, "--sql", asked, "--format", "csv").out.decode()
    assert told.splitlines()[1:] == ["undecided,image", "leaking,text"]


def msgspec_union():
    from functools import reduce
    from operator import or_

    return reduce(or_, ROW_TYPES)


def test_other_formats(xmm, leaking):  # noqa: F811
    def shown(format):
        words = ("report", leaking, "--audit", *QUICK, "--format", format)
        return xmm(*words).out.decode()

    assert json.loads(shown("json"))[0]["verdict"] == "leaking"
    lines = list(csv.DictReader(StringIO(shown("csv"))))
    assert {line["persons"] for line in lines} == {"24"}
    assert len({*lines[0]}) == len(shown("csv").splitlines()[0].split(","))
    assert [line["attack"] for line in lines] == ["", *["plain", "paraphrase", "typeset"] * 2]
    assert "| plain | " in shown("markdown")
    assert "\\begin{tabular}" in shown("latex")
    assert "Verdict: leaking" in shown("html")


def test_the_page_opens_with_the_verdict(xmm, leaking, tmp_path):  # noqa: F811
    page = tmp_path / "page.html"
    done = xmm("report", leaking, "--audit", *QUICK, "--html", page)
    assert (done.code, done.out) == (0, b"")
    text = page.read_text()
    assert re.findall("<h2>([^<]*)", text)[0] == "Verdict: leaking"
    assert "Unlearned through pictures: 98 → 0 %." in text


def test_a_page_of_a_pipe_and_of_kept_verdicts(xmm, leaking, tmp_path):  # noqa: F811
    page, again, verdict = tmp_path / "page.html", tmp_path / "again.html", tmp_path / "v.jsonl"
    piped = xmm("report", "-", "--audit", *QUICK, "--html", page, stdin=leaking.read_bytes())
    assert (piped.code, piped.out) == (0, b"")
    assert "Verdict: leaking" in page.read_text()
    verdict.write_bytes(xmm("report", leaking, "--audit", *QUICK, "--format", "jsonl").out)
    assert xmm("report", verdict, "--audit", "--html", again).code == 0
    assert "Verdict: leaking" in again.read_text()


def test_a_page_that_cannot_be_written_is_no_tripped_gate(xmm, leaking, tmp_path):  # noqa: F811
    page = tmp_path / "absent" / "page.html"
    page.parent.write_text("a file, not a folder")
    told = xmm("report", leaking, "--audit", *QUICK, "--html", page,
               "--fail-if", "verdict != erased")  # fmt: skip
    told.failed(73, "page.html")


def test_rows_that_do_not_belong_together(xmm, leaking, tmp_path):  # noqa: F811
    lines = leaking.read_text().splitlines(keepends=True)
    file = tmp_path / "some.jsonl"
    file.write_text("".join(line for line in lines if '"runs/un"' not in line))
    xmm("report", file, "--audit").failed(65, "no row is of an unlearned model")
    file.write_text("".join(line for line in lines if '"runs/both"' in line))
    xmm("report", file, "--audit").failed(65, "runs/both: never unlearned")
    file.write_text("".join(line for line in lines if '"runs/both"' not in line))
    xmm("report", file, "--audit").failed(65, "no rows of the model before unlearning")
