"""What a served model is asked, and the rows that come of it."""

import base64
import io
import json
import os
import signal
import subprocess
import time

import pytest
from PIL import Image

from tests.forked import start
from tests.serving.conftest import QUESTIONS
from tests.serving.faulty import MODEL, answer_to, answers, slow, status
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Probe


def probes(out: bytes) -> list[dict]:
    return [row for row in map(json.loads, out.splitlines()) if row["kind"] == "probe"]


def test_rows_come_in_the_order_of_the_questions_whatever_order_answers_come_in(ask, server):
    one_by_one = ask()
    assert one_by_one.code == 0, one_by_one.err
    asked = [answer_to(body) for body in server.bodies]
    assert [row["answer"] for row in probes(one_by_one.out)] == asked
    assert len(set(asked)) == QUESTIONS
    server.bodies.clear()
    server.faults = {number: slow(0.3 / (number + 1)) for number in range(QUESTIONS)}
    at_once = ask("--concurrency", 5)
    assert probes(at_once.out) == probes(one_by_one.out)


def test_the_server_is_shown_what_the_model_would_be_shown(ask, server, people):
    ask()
    (first, folder) = people[0]
    image, text = server.bodies[0], server.bodies[QUESTIONS // 2]
    assert (image["temperature"], image["model"], image["max_tokens"]) == (0, MODEL, 24)
    shown, asked = image["messages"][0]["content"]
    assert asked == {"type": "text", "text": "Who is this person?"}
    kind, data = shown["image_url"]["url"].split(",")
    assert kind == "data:image/png;base64"
    path = next(one.path for one in first.images if one.split == "heldout")
    with Image.open(io.BytesIO(base64.b64decode(data))) as sent, Image.open(folder / path) as there:
        assert sent.convert("RGB").tobytes() == there.convert("RGB").tobytes()
    told = next(one.text for one in first.texts if one.split == "heldout")
    assert text["messages"] == [{"role": "user", "content": f"{told} Who is this person?"}]


def test_rows_name_engine_and_model_and_no_source(ask, server, tmp_path):
    server.always = answers(text=" Ada ", finish_reason="length")
    result = ask("--label", "size=7B", "--max-new-tokens", 3, "--modality", "text")
    row = probes(result.out)[0]
    assert (row["base"], row["checkpoint"], row["source"]) == (MODEL, None, None)
    told = {"base": MODEL, "engine": "openai", "model": MODEL, "size": "7B", "max_new_tokens": 3}
    assert row["condition"] == told
    assert (row["answer"], row["cut"], row["rank"]) == ("Ada", True, None)
    assert server.bodies[0]["max_tokens"] == 3
    file = tmp_path / "rows.jsonl"
    file.write_bytes(result.out)
    assert len(list(read_rows([file], want=(Probe,), passing=lambda _: None))) == 8


def test_a_checkpoint_that_is_served_keeps_its_name_and_source(ask, server, checkpoint, xmm):
    words = ("--engine", "openai", "--url", server.url, "--model", MODEL)
    row = probes(xmm("probe", checkpoint.path, *words).out)[0]
    assert (row["checkpoint"], row["source"], row["base"]) == (checkpoint.path, "text", "xmm-base")
    assert (row["condition"]["model"], row["condition"]["steps"]) == (MODEL, 5)


def test_pictures_are_sent_as_the_model_here_sees_them(ask, server, people_folder, tmp_path):
    """A picture that is transparent, or turned by its EXIF data, is written anew."""
    from xmm_cli.models.conversation import Drawn
    from xmm_cli.probing.engines.chat_request import data_url
    from xmm_cli.rows.pictures import read_picture

    plain, turned, clear = (tmp_path / name for name in ("a.jpg", "b.jpg", "c.png"))
    pixels = Image.effect_noise((40, 30), 60).convert("RGB")
    pixels.save(plain, quality=80)
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels.save(turned, exif=exif)
    pixels.convert("RGBA").resize((8, 8)).save(clear)
    assert base64.b64decode(data_url(plain).split(",")[1]) == plain.read_bytes()
    for path in (turned, clear):
        data = base64.b64decode(data_url(path).split(",")[1])
        with Image.open(io.BytesIO(data)) as sent:
            assert (sent.mode, dict(sent.getexif())) == ("RGB", {})
            assert sent.tobytes() == read_picture(path).tobytes()
    assert data_url(Drawn(pixels)).startswith("data:image/png;base64,")


def test_a_damaged_picture_is_left_out_with_code_4(xmm, server, people_folder, tmp_path):
    import shutil

    own = tmp_path / "own"
    shutil.copytree(people_folder, own)
    (next((own / "images").iterdir()) / "03.png").write_bytes(b"no picture")
    words = ("--engine", "openai", "--url", server.url, "--model", MODEL)
    result = xmm("probe", *words, "--personas", own / "personas.jsonl", "--modality", "image")
    assert result.code == 4
    assert "03.png" in result.err
    assert len(probes(result.out)) == len(server.bodies) == QUESTIONS // 2 - 1


def test_a_plan_sends_nothing(ask, server, tmp_path, monkeypatch):
    from xmm_cli.console import say

    told = []
    monkeypatch.setattr(say, "note", told.append)
    assert (ask("--plan", "--resume", tmp_path / "new.jsonl").code, server.bodies) == (0, [])
    assert not (tmp_path / "new.jsonl").exists()
    assert told[-1].startswith("plan: 16 requests")
    assert "8 pictures" in told[-1]
    assert "at most 384 tokens" in told[-1]
    server.always = status(400)
    server.faults = {number: answers() for number in range(5)}
    assert ask("--resume", "rows.jsonl", "--retries", 0, "--max-requests", 5).code == 4
    ask("--plan", "--resume", "rows.jsonl")
    assert "plan: 11 requests" in told[-1]


def test_an_interrupted_run_leaves_whole_rows_and_goes_on(ask, server, people_folder, tmp_path):
    """The answer that is waited for does not hold it up."""
    server.faults = {3: slow(20)}
    words = ["--engine", "openai", "--url", server.url, "--model", MODEL, "--concurrency", "2"]
    people = people_folder / "personas.jsonl"
    command = [start.xmm(), "probe", *words, "--personas", people, "--resume", "rows.jsonl"]
    started = subprocess.Popen(
        command, cwd=tmp_path, env=start.environment(), stderr=subprocess.PIPE, text=True
    )
    while len(server.bodies) < 6:
        time.sleep(0.05)
        assert started.poll() is None
    os.kill(started.pid, signal.SIGINT)
    _, err = started.communicate(timeout=10)
    assert started.returncode == 130, err
    assert "Traceback" not in err
    assert "never retrieved" not in err
    assert len(probes((tmp_path / "rows.jsonl").read_bytes())) == 3
    server.faults.clear()
    whole = ask().out
    assert ask("--resume", "rows.jsonl").code == 0
    assert probes((tmp_path / "rows.jsonl").read_bytes()) == probes(whole)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--answer", "both"), "no log-probabilities"),
        (("--answer", "rank"), "no log-probabilities"),
        (("--tokens",), "no log-probabilities"),
        (("--asking", "name-first"), "one turn"),
        (("--device", "cpu"), "--device with --engine openai"),
        (("--batch-size", 4), "--batch-size"),
        (("--base", "xmm-base"), "--base"),
        (("--trace",), "--trace"),
        (("--url", "ftp://here/v1"), "no address"),
        (("--url", "http://me:secret@here/v1"), "--url holds more than an address"),
        (("--url", "http://here/v1?key=secret"), "a key belongs in XMM_API_KEY"),
        (("--answers", "a.jsonl"), "with --answers"),
    ],
)
def test_what_a_server_cannot_do_is_refused_before_it_is_asked(ask, server, words, said):
    result = ask(*words)
    result.failed(2, said)
    assert "secret" not in result.err
    assert server.bodies == []


def test_options_of_a_server_without_one_are_refused(xmm, server):
    for words in (("--url", server.url), ("--model", "m"), ("--plan",), ("--max-requests", 3)):
        xmm("probe", "runs/text", *words).failed(2, words[0], "without --engine openai")
    xmm("probe", "--engine", "openai", "--model", "m").failed(2, "without --url")
    words = ("--engine", "openai", "--url", server.url)
    xmm("probe", *words).failed(2, "without --model")
    xmm("probe", *words, "--model", "m").failed(2, "--personas")
