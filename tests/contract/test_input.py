"""What each command makes of bad input: one line that names place and mend, and the right code."""

import msgspec
import pytest

from xmm_cli.rows.types import SCHEMA
from xmm_cli.rows.writer import encode
from xmm_cli.scoring.config import DEFAULTS

from .conftest import READS, probe_row

each = pytest.mark.parametrize("command", READS)
WRONG_TYPES = {
    "persona": (b'"role":"eval"', b'"role":7', "field role"),
    "checkpoint": (b'"views":3', b'"views":"3"', "field views"),
    "probe": (b'"correct":true', b'"correct":"yes"', "field correct"),
    "score": (b'"value":0.5', b'"value":"0.5"', "field value"),
}
OTHER = {"persona": "probe", "checkpoint": "persona", "probe": "score", "score": "persona"}


@pytest.fixture
def good(examples, command) -> bytes:
    return encode(examples[READS[command]])


@pytest.fixture
def file(tmp_path):
    def write(data: bytes):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(data)
        return path

    return write


@each
@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_empty_stdin(xmm, command, data):
    xmm(command, stdin=data).failed(65, f"xmm {command}: stdin: no ", READS[command], "empty?")


@each
def test_an_empty_file(xmm, file, command):
    xmm(command, file(b"")).failed(65, "rows.jsonl: no ", "right files?")


@each
def test_a_terminal_is_not_waited_for(xmm, command):
    xmm(command, terminal=True).failed(2, "no input", READS[command], "give a file")


@each
def test_closed_stdin(xmm, command):
    xmm(command, stdin=None).failed(66, "stdin: closed")


@each
def test_stdin_named_twice(xmm, command, good):
    xmm(command, "-", "-", stdin=good).failed(2, "named twice")


@each
def test_a_missing_file(xmm, tmp_path, command):
    missing = tmp_path / "none.jsonl"
    xmm(command, missing).failed(66, f"xmm {command}: {missing}: No such file")


@each
def test_a_missing_file_after_a_good_one(xmm, file, tmp_path, command, good):
    xmm(command, file(good), tmp_path / "none.jsonl").failed(66, "none.jsonl: No such file")


@each
def test_a_folder_that_is_none_of_ours(xmm, tmp_path, command):
    (tmp_path / "people.jsonl").write_bytes(b"")
    xmm(command, tmp_path).failed(66, str(tmp_path))


LEFT_OUT = "the last line is not whole yet and was left out"


def answered(result):
    """The rows of an answer without what differs from run to run."""
    assert result.code == 0, result.err
    rows = [msgspec.json.decode(line) for line in result.rows]
    return [{k: v for k, v in row.items() if k != "run"} for row in rows if row["kind"] != "run"]


@pytest.mark.parametrize("torn", [b"{", b'{"kind":"sco', 30, -2])
@pytest.mark.parametrize("words", [("score",), ("report", "-f", "jsonl")])
def test_a_torn_last_line_is_left_out_and_said(xmm, file, tmp_path, words, torn):
    good = b"".join(encode(probe_row(number)) for number in range(8))
    torn = torn if isinstance(torn, bytes) else encode(probe_row(1))[:torn]
    whole = answered(xmm(*words, stdin=good))
    path = file(good + torn)
    second = tmp_path / "second.jsonl"
    second.write_bytes(encode(probe_row(9)))
    for inputs, stdin, name in (([path], b"", path), ([], good + torn, "stdin")):
        result = xmm(*words, *inputs, stdin=stdin)
        assert answered(result) == whole
        assert result.err == f"warning: {name}: {LEFT_OUT}\n"
    result = xmm(*words, path, second)
    assert answered(result) == answered(xmm(*words, stdin=good + second.read_bytes()))
    assert result.err == f"warning: {path}: {LEFT_OUT}\n"


@each
def test_a_torn_line_alone_is_an_error(xmm, file, command, good):
    path = file(b"\n" + good[:30])
    xmm(command, path).failed(65, f"{path}:2: the last line looks torn", "interrupted?")
    xmm(command, stdin=good[:30]).failed(65, "stdin:1: the last line looks torn")


def test_sql_treats_a_torn_last_line_as_every_command_does(xmm, file, tmp_path):
    good, query = encode(probe_row(1)), ("--sql", "select count(*) as n from probes", "-f", "csv")
    torn = file(good[:-2])
    xmm("report", torn, *query).failed(65, f"{torn}:1: the last line looks torn")
    for data in (good + good[:-2], b"\xef\xbb\xbf" + good + good[:50]):
        path = file(data)
        result = xmm("report", path, *query)
        assert (result.code, result.out) == (0, b"n\n1\n")
        assert result.err == f"warning: {path}: {LEFT_OUT}\n"
    assert xmm("report", file(good + good[:-1]), *query).out == b"n\n2\n"
    bad = good[:-2] + b',"more":}'
    xmm("report", file(good + bad), *query).failed(65, "rows.jsonl:2: not JSON")
    xmm("score", file(good + bad)).failed(65, "rows.jsonl:2: not JSON")


@each
def test_a_row_of_a_wrong_kind(xmm, file, examples, command, good):
    kind = OTHER[READS[command]]
    path = file(good + encode(examples[kind]))
    result = xmm(command, path)
    result.failed(65, f"{path}:2: expected a ", f"found a {kind} row", "is this from ")


@each
def test_a_value_of_a_wrong_type(xmm, file, command, good):
    before, after, said = WRONG_TYPES[READS[command]]
    assert good.count(before) == 1
    path = file(good + b"\n" + good.replace(before, after))
    xmm(command, path).failed(65, f"{path}:3: {READS[command]} row, {said}: ")


@each
@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"hello", "not JSON"),
        (b"[1]", "expected a JSON object, found a JSON array"),
        (b"{}", "a JSON object without 'kind'"),
        (b'{"kind":"cat"}', "unknown kind 'cat'"),
        (b'{"kind":"\xff"}', "not UTF-8"),
        (b'{"kind":"run","id":"r"}', "run row: missing required field"),
    ],
)
def test_a_line_that_is_no_row(xmm, file, command, good, line, said):
    path = file(good + line + b"\n")
    xmm(command, path).failed(65, f"{path}:2: {said}")


@each
def test_a_row_of_the_future(xmm, command, good):
    newer = good.replace(b'"schema":%d' % SCHEMA, b'"schema":%d' % (SCHEMA + 1))
    xmm(command, stdin=newer).failed(65, "stdin:1: row of schema", "newer xmm; upgrade")


@each
@pytest.mark.parametrize(
    "words", [["--no-such-option"], ["--seed", "x"], ["--seed", "-1"], ["--quiet", "--quiet", "-x"]]
)
def test_wrong_options(xmm, command, words):
    if command == "report" and "--seed" in words:
        words = ["--seed"]
    result = xmm(command, *words)
    assert (result.code, result.out) == (2, b"")
    assert sum(line.startswith(f"xmm {command}: ") for line in result.err.splitlines()) == 1
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gen-personas"], "--out"),
        (["gen-personas", "--out", "x", "-n", "0"], "--people"),
        (["gen-personas", "--out", "x", "-n", "1001"], "--people"),
        (["gen-personas", "--out", "x", "--views", "0"], "--views"),
        (["train", "--steps", "0"], "--steps"),
        (["train", "--source", "sound"], "--source"),
        (["train", "--lr", "nan"], "--lr"),
        (["unlearn", "--gate", "1.5"], "--gate"),
        (["probe", "--task", "age"], "unknown task"),
        (["probe", "--batch-size", "0"], "--batch-size"),
    ],
)
def test_values_out_of_range(xmm, words, said):
    result = xmm(*words)
    assert (result.code, result.out) == (2, b"")
    (line,) = result.err.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["probe", "--modality", "sound"], "give image, text, or image,text"),
        (["probe", "--modality", ""], "give image, text, or image,text"),
        (["probe", "--label", "size"], "write it as KEY=VALUE"),
        (["probe", "--base", "xmm-base"], "name the people with --personas"),
        (["unlearn", "--objective", "memorise"], "known: ga, graddiff, npo"),
        (["gen-personas", "--out", "x", "--renderer", "oil"], "unknown renderer 'oil'"),
        (["train", "--steps", "300", "--epochs", "2"], "--steps with --epochs"),
        (["unlearn", "--method", "retrain", "--lr", "1"], "--lr with --method retrain"),
        (["unlearn", "--method", "retrain", "--through", "both"], "--through with --method"),
        (["probe", "--answer", "rank", "--max-new-tokens", "9"], "--max-new-tokens with --answer"),
        (["probe", "--task", "reverse", "--views", "2"], "--views with --task reverse"),
    ],
)
def test_options_that_mean_nothing(xmm, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    xmm(*words).failed(2, said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["score", "--level", "1.5"], "a confidence level of 1.5"),
        (["score", "--resamples", "5"], "give 100 at least"),
        (["score", "--by", "colour"], "no probe row has the label 'colour'"),
        (["report", "--by", "colour"], "no probe row has the label 'colour'"),
        (["report", "--format", "markdwn"], "did you mean markdown?"),
    ],
)
def test_options_that_do_not_fit_the_rows(xmm, words, said):
    xmm(*words, stdin=encode(probe_row(1))).failed(2, said)


MODES = {
    "--sql": ("select 1", {"--format", "--timeout"}),
    "--to": ("all.parquet", set()),
    "--audit": (None, {"--format", "--html", "--by", "--resamples", "--fail-if", "--margin"}),
    "--html": ("page.html", {"--by", "--resamples", "--fail-if", "--audit"}),
    "--findings": (None, {"--format", "--plot"}),
    "--plot": ("a.png", {"--figure", "--findings"}),
    "--card": ("runs/text", {"--by", "--resamples"}),
    None: (None, {"--format", "--by", "--resamples", "--fail-if"}),
}
VALUES = {
    "--format": "table",
    "--by": "views",
    "--resamples": str(DEFAULTS.resamples),
    "--figure": "cells",
    "--fail-if": "leak > 0.05",
    "--margin": "0.1",
    "--timeout": "60",
}
OPTIONS = [*VALUES, *[mode for mode in MODES if mode]]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("option", OPTIONS)
def test_a_report_refuses_what_it_would_not_use(xmm, tmp_path, mode, option):
    """Also where the value is that of the default; and nothing is read or written."""
    value, used = MODES[mode]
    if mode == option or option in used or (mode is None and option in MODES):
        return
    words = [word for word in (mode, value) if word]
    given = VALUES.get(option) or (MODES[option][0] if option in MODES else None)
    words += [word for word in (option, given) if word]
    result = xmm("report", *words, stdin=b"nonsense")
    result.failed(2, *[word for word in (mode, option) if word])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_report_uses_what_it_does_not_refuse(xmm, mode):
    value, used = MODES[mode]
    if mode == "--audit":  # it has gates and a page of its own, whose scores --by groups
        used = used - {"--fail-if", "--html", "--by"}
    for option in used - {"--timeout"}:
        words = [word for word in (mode, value, option, VALUES.get(option)) if word]
        words += ["a.svg"] if option == "--plot" else []
        words += ["--plot", "a.svg"] if option == "--figure" and mode != "--plot" else []
        result = xmm("report", *words, stdin=b"nonsense\n")
        assert result.code in (65, 66), result.err


def test_unlearning_takes_one_checkpoint(xmm, checkpoint):
    xmm("unlearn", checkpoint.path, checkpoint.path).failed(2, "one at a time")


@pytest.mark.parametrize("command", ["probe", "unlearn"])
def test_people_that_are_not_there(xmm, tmp_path, checkpoint, command):
    missing = tmp_path / "none.jsonl"
    xmm(command, checkpoint.path, "--personas", missing).failed(66, "none.jsonl: No such file")


@pytest.mark.parametrize("command", ["probe", "unlearn"])
def test_a_checkpoint_that_has_gone(xmm, tmp_path, examples, command):
    row = encode(examples["checkpoint"]).replace(b"/text", b"/gone")
    xmm(command, stdin=row).failed(66, "/gone")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("unlearn run --forget Ann --forget Bo", 2, "--forget is given twice; names and ids go to"),
        ("train people --source image --source text", 2, "--source is given twice"),
        ("gen-personas --from csv a.csv --from csv b.csv -o out", 2, "--from is given twice"),
        ("gen-personas photos -o out", 2, "to import it: --from FORMAT photos, with folders"),
        (
            "probe xmm-base",
            66,
            "a base, not a checkpoint; to ask a base that was taught nothing: --",
        ),
    ],
)
def test_what_would_be_lost_without_a_word(xmm, words, code, said):
    xmm(*words.split()).failed(code, said)
