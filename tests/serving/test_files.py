"""Questions that leave as a file, and answers that come back as one."""

import json
import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving.conftest import QUESTIONS
from tests.serving.faulty import MODEL, answer_to
from tests.serving.test_asking import probes
from xmm_cli.errors import BadData
from xmm_cli.probing.engines.by_file import read_answers


@pytest.fixture
def about(people_folder):
    return ("--personas", people_folder / "personas.jsonl")


@pytest.fixture
def questions(xmm, about) -> list[dict]:
    result = xmm("probe", "--questions", *about)
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


@pytest.fixture
def read(xmm, about, tmp_path):
    """The rows of these answers."""

    def call(answers: list[dict | str], *more: object):
        lines = [one if isinstance(one, str) else json.dumps(one) for one in answers]
        (tmp_path / "answers.jsonl").write_text("".join(f"{line}\n" for line in lines))
        return xmm("probe", "--answers", "answers.jsonl", "--model", MODEL, *about, *more)

    return call


def test_answers_in_any_order_make_the_rows_that_asking_makes(questions, read, xmm, about):
    local = probes(xmm("probe", "--base", "xmm-base", "--answer", "generate", *about).out)
    back = [
        {"id": one["id"], "answer": row["answer"]}
        for one, row in zip(questions, local, strict=True)
    ]
    random.Random(0).shuffle(back)
    result = read(back)
    assert (result.code, result.err) == (0, "")
    for row, other in zip(probes(result.out), local, strict=True):
        changed = {"run", "base", "condition"}
        assert {k: v for k, v in row.items() if k not in changed | {"cut"}} == {
            k: v for k, v in other.items() if k not in changed | {"cut"}
        }
        assert row["condition"] == {"base": MODEL, "engine": "file", "model": MODEL}


def test_a_question_says_all_that_is_asked_and_not_the_answer(questions, people):
    assert len({one["id"] for one in questions}) == len(questions) == QUESTIONS
    image, text = questions[0], questions[-1]
    assert list(image) == ["id", "modality", "task", "question", "image", "max_tokens"]
    assert list(text) == ["id", "modality", "task", "question", "text", "max_tokens"]
    names = [persona.name for persona, _ in people]
    assert not any(name in json.dumps(one) for one in questions for name in names)
    assert Path(image["image"]).read_bytes().startswith(b"\x89PNG")


def test_a_batch_file_has_what_the_server_is_asked(ask, server, xmm, about, read):
    asked = probes(ask().out)
    words = ("--questions", "--engine", "openai", "--model", MODEL)
    lines = [json.loads(one) for one in xmm("probe", *words, *about).out.splitlines()]
    assert [one["body"] for one in lines] == server.bodies
    assert {(one["method"], one["url"]) for one in lines} == {("POST", "/v1/chat/completions")}
    back = [
        {
            "id": f"batch_req_{number}",
            "custom_id": one["custom_id"],
            "response": {
                "status_code": 200,
                "body": {
                    "model": MODEL,
                    "choices": [{"message": {"content": answer_to(one["body"])}}],
                },
            },
            "error": None,
        }
        for number, one in enumerate(lines)
    ]
    rows = probes(read(back[::-1]).out)
    assert [row["answer"] for row in rows] == [row["answer"] for row in asked]


def test_a_part_of_the_answers_makes_a_part_of_the_rows(questions, read):
    result = read([{"id": one["id"], "answer": "Ada"} for one in questions[3:9]])
    result_rows = probes(result.out)
    assert (result.code, len(result_rows)) == (4, 6)
    assert f"10 of {QUESTIONS} questions have no answer there" in result.err


def test_what_is_unknown_repeated_or_failed_is_said(questions, read, monkeypatch):
    from xmm_cli.console import say

    told: list[str] = []
    monkeypatch.setattr(say, "warn", told.append)
    answers: list[dict | str] = [{"id": one["id"], "answer": "Ada"} for one in questions[1:]]
    failed = {"custom_id": questions[0]["id"], "response": {"status_code": 500, "body": {}}}
    again = {"id": questions[1]["id"], "answer": "Bob"}
    result = read([*answers, again, {"id": "nobody", "answer": "x"}, failed, ""])
    assert result.code == 4
    assert {row["answer"] for row in probes(result.out)} == {"Ada"}
    unknown, repeated, went_wrong = told
    assert "nobody: no question has this id" in unknown
    assert f"{questions[1]['id']}: again; the first counts" in repeated
    assert f"{questions[0]['id']}: the request failed (status 500)" in went_wrong


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no JSON", "answers.jsonl:2"),
        ("[1]", "answers.jsonl:2"),
        ('{"answer": "x"}', "without an id"),
        ('{"id": 3, "answer": "x"}', "without an id"),
        ('{"id": "a", "answer": 3}', "no text in the field answer"),
        ('{"id": "a"}', "no text in the field answer"),
    ],
)
def test_a_line_that_is_no_answer_is_refused_by_its_number(questions, read, line, said):
    good = {"id": questions[0]["id"], "answer": "Ada"}
    read([good, line]).failed(65, said)


def test_answers_to_other_questions_are_refused(questions, read):
    answers: list[dict | str] = [{"id": one["id"], "answer": "Ada"} for one in questions]
    read(answers, "--task", "attribute").failed(65, "no answer to any")
    read(answers, "--split", "train").failed(65, "no answer to any")


def test_what_does_not_go_with_files_is_refused(xmm, about):
    xmm("probe", "--questions", "--model", "m", *about).failed(2, "--model with --questions")
    words = ("--answers", "a.jsonl", "--model", "m")
    xmm("probe", "--answers", "a.jsonl", *about).failed(2, "--answers without --model")
    xmm("probe", *words).failed(2, "--personas")
    xmm("probe", *words, *about).failed(66, "a.jsonl")
    xmm("probe", *words, *about, "--resume", "r.jsonl").failed(2, "--resume with --answers")
    xmm("probe", *words, *about, "--questions").failed(2, "--questions with --answers")


KEYS = st.sampled_from(
    ["id", "custom_id", "answer", "response", "body", "choices", "message", "content", "error"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_json_is_answers_or_bad_data(tmp_path, lines):
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with suppress(BadData):
        found = read_answers(file)
        assert all(isinstance(one.text, str) for one in found.by_id.values())
        assert len(found.by_id.keys() | found.failed) <= len(lines)
