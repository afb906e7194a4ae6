"""What comes out: rows and nothing else, to a reader that may leave and a disk that may be full."""

import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.conftest import read_people
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import ROW_TYPES, Run
from xmm_cli.rows.writer import encode

from .conftest import Result, inside, real, shell

MADE = "gen-personas -q -n 30 --views 1 --heldout 1 --size 16 --processes 1"
UNSEEN = "--gate 0 --forget 1 --steps 2 --batch-size 2"


@pytest.fixture(scope="module")
def stages(people_folder, checkpoint, probes_file, tmp_path_factory) -> dict[str, Result]:
    """Every command once, as it is installed, on little."""
    here = tmp_path_factory.mktemp("stages")
    file = people_folder / "personas.jsonl"
    return {
        "gen-personas": real(
            "gen-personas", "-n", 2, "--views", 1, "--heldout", 1, "--out", "people", cwd=here
        ),
        "train": real("train", file, "--steps", 2, "--source", "both", "--views", 1, cwd=here),
        "unlearn": real("unlearn", checkpoint.path, *UNSEEN.split(), cwd=here),
        "probe": real("probe", checkpoint.path, "--untrained", "--max-new-tokens", 2, cwd=here),
        "score": real("score", probes_file, cwd=here),
        "report": real("report", probes_file, "--format", "jsonl", cwd=here),
    }


KINDS = {
    "gen-personas": ["persona"] * 2 + ["run"],
    "train": ["checkpoint", "run"],
    "unlearn": ["checkpoint", "run"],
    "probe": ["probe"] * 32 + ["run"],
}
BY_MACHINE = ("started", "elapsed_s", "loss", "recall_before")
BY_MODEL = ("answer", "correct", "rank", "logprob", "wrong_logprob")
MAKING_ROWS = ["gen-personas", "train", "unlearn", "probe", "score"]
each = pytest.mark.parametrize("command", [*MAKING_ROWS, "report"])


@each
def test_stdout_has_rows_and_nothing_else(stages, tmp_path, command):
    result = stages[command]
    assert result.code == 0, result.err
    assert result.out.endswith(b"\n")
    file = tmp_path / "out.jsonl"
    file.write_bytes(result.out)
    found = list(read_rows([file], want=ROW_TYPES))
    assert len(found) == len(result.rows)
    kinds = [str(one.row.__struct_config__.tag) for one in found]
    if command in KINDS:
        assert kinds == KINDS[command]
    else:
        assert set(kinds) - {"run"} == {"score"}
        assert len(kinds) > 20
    assert [encode(one.row) for one in found] == result.rows


@pytest.mark.parametrize("command", MAKING_ROWS)
def test_the_run_row_comes_last_and_explains_the_others(stages, command):
    *others, last = [msgspec.json.decode(line) for line in stages[command].rows]
    assert last["kind"] == "run"
    assert last["command"] == command
    assert {row["run"] for row in others} == {last["id"]}
    known = ("started", "elapsed_s")
    assert not [row for row in others for key in known if key in row]


def recorded(row: bytes, places: dict[str, str]) -> str:
    """A row with all that a machine decides left out: times, folders, what a model computes."""
    text = row.decode()
    for place, name in places.items():
        text = text.replace(place, name)
    for field in BY_MACHINE + (BY_MODEL if text.startswith('{"kind":"probe"') else ()):
        text = re.sub(rf'"{field}":("[^"]*"|[^,}}]*)', f'"{field}":0', text)
    text = re.sub(r'"versions":{[^}]*}', '"versions":{}', text)
    text = re.sub(r'"words":\[[^\]]*\]', '"words":[]', text)
    return re.sub(r"\d\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.6g}", text)


@each
def test_rows_are_those_on_record(stages, people_folder, checkpoint, command):
    """Ids and arguments too: an option that is not asked for changes no row of before.

    Make the files anew with `XMM_GOLDEN=write`, and read the difference.
    """
    places = {str(people_folder): "people", checkpoint.path: "checkpoint"}
    rows = "".join(recorded(row, places) for row in stages[command].rows)
    file = Path(__file__).parent / "recorded" / f"{command}.jsonl"
    if os.environ.get("XMM_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(rows, "utf-8")
    assert rows == file.read_text("utf-8")


@each
def test_nothing_but_notes_on_stderr(stages, command):
    said = stages[command].err
    assert "Traceback" not in said
    assert "Warning" not in said
    assert "\x1b" not in said
    assert "\r" not in said


RUN = (
    b'{"kind":"run","schema":1,"run":"r0","id":"r0","command":"probe","arguments":{},"seed":0,'
    b'"versions":{},"parents":[],"started":"x","elapsed_s":1.0,"later":"kept"}\n'
)


@pytest.fixture
def given(people_folder, checkpoint, tmp_path_factory, command) -> Path:
    """What a command is given in a pipe: the rows it reads, after a run row to pass on."""
    rows = (people_folder / "personas.jsonl").read_bytes()
    file = tmp_path_factory.mktemp("given") / "rows.jsonl"
    file.write_bytes(RUN + (encode(checkpoint) if command == "unlearn" else rows))
    return file


@pytest.fixture
def words(checkpoint, probes_file, command) -> str:
    """Of a command that does little."""
    return {
        "gen-personas": f"{MADE} --out people",
        "train": "train -q --steps 2 --views 1 --out trained",
        "unlearn": f"unlearn -q {UNSEEN} --out unlearned",
        "probe": f"probe -q {checkpoint.path} --answer rank --batch-size 1",
        "score": f"score -q {probes_file}",
        "report": f"report -q {probes_file}",
    }[command]


@pytest.fixture
def line(words) -> str:
    """For a shell."""
    return f"xmm {words}"


@pytest.mark.parametrize("command", ["gen-personas", "probe", "score", "report"])
def test_a_reader_of_one_line_is_no_failure(line, tmp_path, command):
    result = shell(f"{line} | head -1", tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out.count(b"\n") == 1


@each
def test_a_reader_that_has_left_is_no_failure(words, given, tmp_path, command):
    """And what a command makes is made all the same. What loads torch runs in this process."""
    if command in ("train", "unlearn", "probe"):
        reads, writes = os.pipe()
        os.close(reads)
        result = inside(*words.split(), cwd=tmp_path, stdin=given.read_bytes(), stdout=writes)
        os.close(writes)
    else:
        result = shell(f"xmm {words} | true", tmp_path)
    assert (result.code, result.out, result.err) == (0, b"", "")
    left = sorted(path.name for path in tmp_path.iterdir())
    if command == "gen-personas":
        assert len(read_people(tmp_path / "people" / "personas.jsonl")) == 30
    elif command in ("train", "unlearn"):
        assert left == [f"{command}ed" if command == "train" else "unlearned"]
        assert (tmp_path / left[0] / "adapter_model.safetensors").stat().st_size > 1000
    else:
        assert left == []


@pytest.mark.parametrize("command", ["gen-personas", "score", "report"])
def test_a_full_disk(line, tmp_path, command):
    result = shell(f"{line} > /dev/full", tmp_path)
    result.failed(73, f"xmm {command}: stdout: No space left on device")


@pytest.mark.parametrize("command", ["gen-personas", "score"])
def test_a_closed_stdout(line, tmp_path, command):
    shell(f"{line} >&-", tmp_path).failed(73, "stdout: closed")


@pytest.mark.parametrize(
    ("where", "said"), [("file/below", " file"), ("file", " file: "), ("/proc/none", " /proc/")]
)
def test_a_folder_that_cannot_be_made(xmm, people_folder, checkpoint, tmp_path, where, said):
    """Root may write anywhere but below a file and in /proc."""
    (tmp_path / "file").write_text("mine")
    xmm("gen-personas", "--out", where, "-n", 1).failed(73, said)
    xmm("train", people_folder / "personas.jsonl", "--out", where).failed(73, said)
    words = ["--forget", 1, "--gate", 0, "--out", where]
    xmm("unlearn", checkpoint.path, *words).failed(73, said)
    assert (tmp_path / "file").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_of_something_else_is_left_alone(xmm, people_folder, checkpoint, tmp_path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "a.tex").write_text("mine")
    xmm("gen-personas", "--out", out, "-n", 1).failed(2, str(out), "choose another --out")
    xmm("train", people_folder / "personas.jsonl", "--out", out).failed(73, "give another --out")
    xmm("unlearn", checkpoint.path, "--forget", 2, "--out", out).failed(73, "give another --out")
    assert [path.name for path in out.iterdir()] == ["a.tex"]


def test_a_checkpoint_of_another_run_is_left_alone(xmm, people_folder, checkpoint, tmp_path):
    out = Path(shutil.copytree(checkpoint.path, tmp_path / "run"))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    said = "holds a checkpoint of another run; give another --out, or --overwrite"
    xmm("train", people_folder / "personas.jsonl", "--out", out).failed(73, said)
    xmm("unlearn", checkpoint.path, "--forget", 2, "--out", out).failed(73, said)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_finished_checkpoint_is_answered_at_once(xmm, people_folder, tmp_path):
    words = ["train", people_folder / "personas.jsonl", "--steps", 2, "--out", tmp_path / "run"]
    first = xmm(*words)
    assert first.code == 0, first.err
    weights = tmp_path / "run" / "adapter_model.safetensors"
    before = weights.stat().st_mtime_ns
    second = xmm(*words)
    assert (second.code, second.rows[:1]) == (0, first.rows[:1])
    assert weights.stat().st_mtime_ns == before
    third = xmm(*words, "--overwrite")
    assert (third.code, third.rows[:1]) == (0, first.rows[:1])
    assert weights.stat().st_mtime_ns != before


def test_the_same_people_again_are_the_same_rows(xmm, tmp_path):
    words = ["gen-personas", "-n", 2, "--views", 2, "--heldout", 1, "--size", 32, "--out", "people"]
    first = xmm(*words)
    shutil.rmtree(tmp_path / "people" / "images" / "e0-001")
    second = xmm(*words)
    shutil.rmtree(tmp_path / "people")
    third = xmm(*words, "--processes", 1)
    assert first.code == second.code == third.code == 0
    assert len(first.rows) == 3
    assert first.rows[:2] == second.rows[:2] == third.rows[:2]
    other = xmm(*words, "--seed", 1)
    other.failed(2, "seed 0, not 1")


def test_rows_in_a_pipe_count_from_the_working_directory(xmm, tmp_path):
    words = ["gen-personas", "-n", 1, "--views", 1, "--heldout", 1, "--size", 32]
    result = xmm(*words, "--out", "deep/people")
    row = msgspec.json.decode(result.rows[0])
    assert row["images"][0]["path"] == "deep/people/images/e0-000/00.png"
    ((saved, _),) = read_people(tmp_path / "deep/people/personas.jsonl")
    assert saved.images[0].path == "images/e0-000/00.png"


def test_the_same_scores_again_are_the_same_rows(xmm, probes_file):
    first, second = xmm("score", probes_file), xmm("score", probes_file)
    assert first.code == 0, first.err
    assert len(first.rows) > 10
    assert first.rows[:-1] == second.rows[:-1]
    ids = [msgspec.json.decode(result.rows[-1], type=Run).id for result in (first, second)]
    assert ids[0] == ids[1]


def test_run_rows_pass_through(xmm, probes_file):
    result = xmm("score", stdin=RUN + probes_file.read_bytes())
    assert result.code == 0
    assert result.rows[0] == RUN
    assert xmm("report", stdin=RUN + probes_file.read_bytes()).code == 0


def test_a_sheet_that_cannot_be_written(xmm, tmp_path):
    (tmp_path / "file").write_text("")
    words = ["gen-personas", "-n", 1, "--views", 1, "--heldout", 0, "--size", 16, "--out", "people"]
    result = xmm(*words, "--sheet", "file/sheet.png")
    assert result.code == 73
    assert result.err == "xmm gen-personas: file/sheet.png: Not a directory\n"
    assert len(read_people(tmp_path / "people" / "personas.jsonl")) == 1
