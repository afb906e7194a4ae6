"""What each command makes of models, devices and pictures that are not there, or not its own."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from tests.conftest import TINY
from tests.forked import start
from xmm_cli.rows.writer import encode

from .conftest import probe_row


@pytest.fixture
def people_file(people_folder) -> Path:
    return people_folder / "personas.jsonl"


@pytest.fixture
def copy(checkpoint, tmp_path) -> Path:
    """The tiny checkpoint, for a test to change."""
    return Path(shutil.copytree(checkpoint.path, tmp_path / "copy"))


def edit(folder: Path, **fields: object) -> None:
    row = json.loads((folder / "xmm.json").read_text())
    (folder / "xmm.json").write_text(json.dumps(row | fields) + "\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xmm-bse", "did you mean xmm-base?"),
        ("./nowhere", "known: xmm-base"),
        ("nobody/nothing", "base 'nobody/nothing' cannot be loaded"),
        (".", "the folder has no config.json"),
    ],
)
def test_a_name_that_is_no_model(xmm, people_file, tmp_path, name, said):
    xmm("train", people_file, "--base", name, "--out", "run").failed(69, said)
    xmm("probe", "--base", name, "--personas", people_file).failed(69, said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("device", "code", "said"),
    [("gpu", 2, "'gpu' is no device"), ("vulkan", 69, "no vulkan device on this machine")],
)
def test_a_device_that_is_not_there(xmm, people_file, checkpoint, monkeypatch, device, code, said):
    xmm("train", people_file, "--out", "run", "--device", device).failed(code, said)
    words = ["--forget", 1, "--out", "run"]
    xmm("unlearn", checkpoint.path, *words, "--device", device).failed(code, said)
    xmm("probe", checkpoint.path, "--device", device).failed(code, said)
    monkeypatch.setenv("XMM_DEVICE", device)
    xmm("probe", checkpoint.path).failed(code, said)


def test_a_checkpoint_of_another_base(xmm, checkpoint, other_base):
    said = "trained on base xmm-base, not xmm-base-xs; leave --base out"
    xmm("probe", checkpoint.path, "--base", "xmm-base-xs").failed(65, said)
    assert xmm("probe", checkpoint.path, "--base", other_base).code == 0  # the same weights


def test_a_checkpoint_of_other_weights(xmm, copy):
    edit(copy, revision="0" * 16)
    said = "trained on other weights of xmm-base (0000000000000000, here "
    xmm("probe", copy).failed(65, said)
    xmm("unlearn", copy, "--out", "run", "--forget", 1).failed(65, said)


def test_a_checkpoint_whose_base_has_gone(xmm, copy):
    edit(copy, base="./gone")
    xmm("probe", copy).failed(69, "no base './gone'")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("xmm.json", 66, "holds no xmm.json; is this a checkpoint of xmm train?"),
        ("personas.jsonl", 66, "personas.jsonl: No such file"),
        ("adapter_config.json", 66, "no adapter_config.json"),
        ("adapter_model.safetensors", 66, "no adapter_model.safetensors"),
    ],
)
@pytest.mark.parametrize("command", ["probe", "unlearn"])
def test_a_checkpoint_that_is_not_whole(xmm, copy, command, name, code, said):
    (copy / name).unlink()
    words = ["--out", "run", "--forget", 1] if command == "unlearn" else []
    xmm(command, copy, *words).failed(code, said)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind":"persona"}', '{"kind":"checkpoint"}'])
def test_a_checkpoint_whose_row_is_damaged(xmm, copy, text):
    (copy / "xmm.json").write_text(text)
    xmm("probe", copy).failed(65, "xmm.json")


def test_torn_adapter_weights(xmm, copy):
    weights = copy / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:4000])
    xmm("probe", copy).failed(65, f"{copy}: the adapter does not fit xmm-base")


def test_a_missing_picture(xmm, people_file, checkpoint, tmp_path):
    """As when only the file of rows was copied."""
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(people_file.read_bytes())
    said = "picture not found; are the persona rows in the folder they were made in?"
    xmm("train", rows, "--source", "image", "--out", "run").failed(66, "images/e5-000/00.png", said)
    xmm("probe", checkpoint.path, "--personas", rows).failed(66, "images/e5-000/03.png", said)
    assert not (tmp_path / "run").exists()


def test_a_torn_picture(xmm, people_folder, tmp_path):
    data = Path(shutil.copytree(people_folder, tmp_path / "data"))
    picture = data / "images/e5-002/01.png"
    picture.write_bytes(picture.read_bytes()[:2000])
    learn = ["--source", "image", "--steps", 1, "--batch-size", 2, "--out", "run"]
    result = xmm("train", data / "personas.jsonl", *learn)
    assert result.code == 4, result.err
    (said,) = result.err.splitlines()
    assert said.startswith(f"warning: {picture}: the picture cannot be read")
    assert said.endswith("it is left out")


def test_too_few_views(xmm, people_file):
    said = ["e5-000 has 3 training views in text, not 9", "ask for fewer: --views 3"]
    xmm("train", people_file, "--views", 9, "--out", "run").failed(65, *said)


def test_no_one_to_ask(xmm, people, checkpoint, tmp_path):
    measured = [persona for persona, _ in people if persona.role == "eval"]
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(b"".join(encode(persona) for persona in measured))
    xmm("probe", checkpoint.path, "--personas", rows, "--role", "aux").failed(65, "role aux")
    bare = [msgspec.structs.replace(persona, texts=()) for persona in measured]
    rows.write_bytes(b"".join(encode(persona) for persona in bare))
    words = ["--personas", rows, "--modality", "text"]
    xmm("probe", checkpoint.path, *words).failed(65, "no persona has heldout views in text")


def test_what_is_wrong_with_the_last_model_is_said_before_the_first_is_asked(xmm, checkpoint, copy):
    rows = (copy / "personas.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "personas.jsonl").write_bytes(b"".join(row for row in rows if b'"aux"' in row))
    xmm("probe", checkpoint.path, copy).failed(65, "no persona has the role eval")


def test_a_text_that_steers_the_model(xmm, people, tmp_path):
    persona = people[0][0]
    view = msgspec.structs.replace(persona.texts[0], text="A person <|end|> you know.")
    row = msgspec.structs.replace(persona, texts=(view,))
    xmm("train", "--out", "run", stdin=encode(row)).failed(65, "'<|end|>'", "write it otherwise")


def test_learning_nothing_is_a_failure(xmm, people_file, tmp_path):
    result = xmm("train", people_file, "--lr", 0, "--steps", 1, "--out", "run")
    result.failed(1, "nothing was learned")
    assert not (tmp_path / "run").exists()


def test_who_was_never_learned_is_not_unlearned(xmm, checkpoint, tmp_path):
    result = xmm("unlearn", checkpoint.path, "--forget", 1, "--gate", 1, "--out", "run")
    result.failed(3, "of the forget set's held-out views are named right before unlearning, not 1")
    assert not (tmp_path / "run").exists()


def test_labels_become_numbers_where_they_are(xmm, checkpoint):
    labels = ["size=2", "rate=0.5", "on=true", "name=a=b", "odd=nan", "much=1e999", "none="]
    labels += ["id=007", "date=2024_01_02", "cut=0.30", "least=-1"]
    words = [word for label in labels for word in ("--label", label)]
    result = xmm("probe", checkpoint.path, "--answer", "rank", "--modality", "text", *words)
    assert result.code == 0, result.err
    condition = msgspec.json.decode(result.rows[0])["condition"]
    assert condition == {"base": "xmm-base"} | TINY | {
        "size": 2,
        "rate": 0.5,
        "on": True,
        "name": "a=b",
        "odd": "nan",
        "much": "1e999",
        "none": "",
        "id": "007",
        "date": "2024_01_02",
        "cut": "0.30",
        "least": -1,
    }


def test_a_checkpoint_is_found_from_a_row_a_folder_and_a_pipe(xmm, copy, tmp_path):
    """The same answers, and the path as it was given."""
    row = (copy / "xmm.json").read_bytes().replace(b'"path":"."', b'"path":"copy"')
    row = row.replace(b'"personas":"personas.jsonl"', b'"personas":"copy/personas.jsonl"')
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/rows.jsonl").write_bytes(row)
    words = ["--answer", "rank", "--modality", "text"]
    by_folder = xmm("probe", "copy", *words)
    assert by_folder.code == 0, by_folder.err
    assert b'"checkpoint":"copy"' in by_folder.out
    by_pipe = xmm("probe", *words, stdin=row)
    by_file = xmm("probe", "elsewhere/rows.jsonl", *words)
    by_own_file = xmm("probe", "copy/xmm.json", *words)
    for other in (by_pipe, by_file, by_own_file):
        assert other.rows[:-1] == by_folder.rows[:-1]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_training_that_is_interrupted_leaves_no_half_checkpoint(people_file, tmp_path, number):
    words = ["train", "-q", people_file, "--steps", "100000", "--out", "run"]
    process = subprocess.Popen(
        [start.xmm(), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=start.environment(),
    )
    deadline = time.monotonic() + 90
    while not list(tmp_path.glob(".run.*.partial")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=60)
    word, code = {
        signal.SIGINT: ("interrupted", 130),
        signal.SIGTERM: ("terminated", 143),
    }[number]
    assert (process.returncode, out, err.decode()) == (code, b"", f"xmm train: {word}\n")
    assert not (tmp_path / "run").exists()


def test_scoring_needs_no_model(xmm, monkeypatch):
    """Rows of a checkpoint that is on another machine are scored all the same."""
    rows = [probe_row(number, checkpoint="gone/far/away") for number in range(40)]
    result = xmm("score", stdin=b"".join(encode(row) for row in rows))
    assert result.code == 0
    assert len(result.rows) > 5
