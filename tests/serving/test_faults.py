"""A server that fails: what is whole stays, what was not answered is asked again, once."""

import pytest

from tests.serving.conftest import QUESTIONS
from tests.serving.faulty import (
    MODEL,
    answer_to,
    answers,
    cut_off,
    huge,
    raw,
    serving,
    slow,
    status,
)
from tests.serving.test_asking import probes
from xmm_cli.probing.engines.address import is_here, is_open

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def whole(ask, server) -> list[dict]:
    """The rows that a server without faults gives."""
    rows = probes(ask().out)
    server.bodies.clear()
    return rows


PASSING = {
    "429": status(429, "not so fast", Retry_After="0.1"),
    "500": status(500, "oh"),
    "503": status(503),
    "cut off": cut_off,
    "no JSON": raw(b'{"choices": [{"mess'),
    "no text": raw(b"\xff\xfe<html>"),
    "other JSON": raw(b'{"choices": []}'),
    "a list": raw(b"[1, 2]"),
    "nested": raw(b"[" * 100_000),
    "slow": slow(3),
}


def limit_of(fault: str) -> tuple[str, float]:
    """Seconds for a request: so few only where a slow answer is to fail."""
    return "--timeout", 1.5 if fault == "slow" else 60


@pytest.mark.parametrize("fault", PASSING)
def test_what_fails_once_is_sent_again(ask, server, whole, fault):
    server.faults = {0: PASSING[fault], 7: PASSING[fault]}
    result = ask(*limit_of(fault))
    assert (result.code, result.err) == (0, "")
    assert probes(result.out) == whole
    assert len(server.bodies) == QUESTIONS + 2


@pytest.mark.parametrize("fault", PASSING)
def test_what_goes_on_failing_ends_the_run_and_the_same_command_goes_on(
    ask, server, whole, tmp_path, fault
):
    server.always = PASSING[fault]
    server.faults = {number: answers() for number in range(6)}
    words = ("--resume", "rows.jsonl", "--retries", 1, *limit_of(fault))
    first = ask(*words)
    first.failed(69, server.url, "2 times", "--resume")
    assert probes((tmp_path / "rows.jsonl").read_bytes()) == whole[:6]
    server.always = None
    assert (ask(*words).code, len(server.bodies)) == (0, QUESTIONS + 2)
    assert probes((tmp_path / "rows.jsonl").read_bytes()) == whole


def test_a_server_that_is_not_there(ask, server):
    words = ("--url", "http://127.0.0.1:9/v1", "--retries", 0)
    ask(*words).failed(69, "http://127.0.0.1:9/v1", "once")


def test_waits_become_longer_and_are_as_long_as_the_server_wants(ask, server, monkeypatch):
    import asyncio

    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    server.faults = dict.fromkeys(range(4), status(500))
    assert ask().code == 0
    assert waited == [0.5, 1, 2, 4]
    waited.clear()
    server.bodies.clear()
    server.faults = {
        0: status(429, retry_after="7"),
        1: status(429, retry_after="86400"),
        2: status(429, retry_after="Wed, 21 Oct 2065 07:28:00 GMT"),
        3: status(429, retry_after="-3"),
        4: status(429, retry_after="nan"),
    }
    assert ask().code == 0
    assert waited == [7, 60, 2, 4, 8]


def test_no_redirect_is_followed_with_or_without_a_key(ask, server, monkeypatch):
    monkeypatch.setenv("XMM_API_KEY", KEY)
    with serving() as other:
        server.always = status(307, Location=f"{other.url}/chat/completions?key={KEY}")
        result = ask()
        result.failed(69, "it redirects to", "no redirect is followed")
        assert other.bodies == []
    assert KEY not in result.err
    assert len(server.bodies) == 1


@pytest.mark.parametrize("name", ["XMM_API_KEY", "OPENAI_API_KEY"])
def test_the_key_is_sent_and_never_told(ask, server, monkeypatch, tmp_path, name):
    monkeypatch.setenv(name, f" {KEY}\n")
    server.always = answers(text=f"my key is {KEY}")
    result = ask("--resume", "rows.jsonl")
    assert result.code == 0
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert KEY.encode() not in (tmp_path / "rows.jsonl").read_bytes()
    for code in (400, 401, 404, 500):
        server.always = status(code, f"wrong key {KEY}")
        result = ask("--retries", 0)
        result.failed(69, "[key]")
        assert KEY not in result.err


def test_what_can_be_no_key_is_refused_without_showing_it(ask, server, monkeypatch):
    for key in ("secret words", "secret\nX-Other: 1", "sécret"):
        monkeypatch.setenv("XMM_API_KEY", key)
        result = ask()
        result.failed(2, "XMM_API_KEY")
        assert "cret" not in result.err
    monkeypatch.setenv("XMM_API_KEY", "")
    assert ask().code == 0
    assert set(server.keys) == {None}


def test_a_key_that_would_go_openly_through_a_network_is_told_of(ask, monkeypatch):
    from xmm_cli.console import say

    told: list[str] = []
    monkeypatch.setattr(say, "warn", told.append)
    words = ("--retries", 0, "--timeout", 0.01)
    ask("--url", "http://10.255.255.1/v1", *words).failed(69, "http://10.255.255.1/v1: ")
    assert told == []
    monkeypatch.setenv("XMM_API_KEY", KEY)
    for url in ("http://10.255.255.1/v1", "https://10.255.255.1/v1", "http://127.0.0.1:9/v1"):
        ask("--url", url, *words)
    assert told == [
        "http://10.255.255.1/v1: the key is sent without encryption; give an https address"
    ]


def test_a_model_that_is_not_served(ask, server):
    server.always = status(404, "no such model")
    ask("--model", "another").failed(69, "no such model", f"it serves {MODEL}")


def test_another_model_that_answers_all_at_once_ends_the_run(ask, server):
    server.faults = {5: answers(model="another")}
    result = ask()
    assert (result.code, len(probes(result.out))) == (69, 5)
    assert f"another answers, where {MODEL} did" in result.err


def test_an_answer_without_end_is_not_read(ask, server):
    server.faults = {4: huge}
    result = ask()
    assert (result.code, len(probes(result.out))) == (69, 4)
    assert "more than 1,048,576 bytes" in result.err


def test_no_answer_is_more_than_a_row_can_hold(ask, server):
    server.faults = {
        0: raw(b'{"choices": [{"message": {"content": "a\\ud800b"}}]}'),
        1: answers(text=""),
        2: raw(b'{"choices": [{"message": {"content": null}}]}'),
        3: answers(text="\x00\x1b[31m\u2028"),
    }
    result = ask()
    told = [row["answer"] for row in probes(result.out)]
    assert (result.code, told[:3]) == (0, ["a?b", "", ""])
    assert len(result.out.splitlines()) == QUESTIONS + 1


def test_first_questions_that_are_refused_end_the_run(ask, server):
    server.always = status(400, "temperature\n is not supported")
    ask().failed(69, "the first 8 questions are refused", "temperature is not supported")
    assert len(server.bodies) <= 12  # what was begun in the meantime


def test_a_run_goes_on_where_the_next_question_is_refused(ask, server, whole, tmp_path):
    server.faults = {5: status(400), 6: status(500)}
    words = ("--resume", "rows.jsonl", "--retries", 0)
    assert ask(*words).code == 69
    server.faults = {7: status(400)}
    ask(*words).failed(4, "refused 1 of the questions")
    left = [row for number, row in enumerate(whole) if number != 5]
    assert sorted(map(str, probes((tmp_path / "rows.jsonl").read_bytes()))) == sorted(
        map(str, left)
    )


def test_a_run_goes_on_where_the_next_questions_are_all_refused(ask, server, whole, tmp_path):
    refused = status(400, "we show no faces")
    server.faults = dict.fromkeys(range(2, 11), refused) | {11: status(500)}
    words = ("--resume", "rows.jsonl", "--retries", 0)
    assert ask(*words).code == 69
    server.faults = dict.fromkeys(range(12, 21), refused)
    ask(*words).failed(4, "refused 9 of the questions", "we show no faces")
    assert probes((tmp_path / "rows.jsonl").read_bytes()) == whole[:2] + whole[11:]


def test_questions_that_are_refused_later_have_no_rows(ask, server, whole, tmp_path):
    server.faults = {3: status(400, "we show no faces"), 12: status(422)}
    result = ask("--resume", "rows.jsonl")
    result.failed(4, "refused 2 of the questions", "we show no faces")
    left = [row for number, row in enumerate(whole) if number not in (3, 12)]
    assert probes((tmp_path / "rows.jsonl").read_bytes()) == left
    assert ask("--resume", "rows.jsonl").code == 0
    assert len(server.bodies) == QUESTIONS


def test_no_more_requests_are_sent_than_may_be(ask, server, whole, tmp_path):
    server.faults = {2: status(500)}
    words = ("--resume", "rows.jsonl", "--max-requests", 6)
    for rows, requests in ((5, 6), (11, 12)):
        ask(*words).failed(4, "6 requests were sent", "--resume")
        assert probes((tmp_path / "rows.jsonl").read_bytes()) == whole[:rows]
        assert len(server.bodies) == requests
    assert ask(*words).code == 0
    assert probes((tmp_path / "rows.jsonl").read_bytes()) == whole
    assert [answer_to(body) for body in server.bodies[3:]] == [row["answer"] for row in whole[2:]]


def test_the_reader_may_leave(ask, server, people_folder, tmp_path):
    from tests.contract.conftest import shell

    people = people_folder / "personas.jsonl"
    line = f"xmm probe --engine openai --url {server.url} --model {MODEL} --personas {people}"
    result = shell(f"{line} | head -1", tmp_path)
    assert (result.code, len(probes(result.out))) == (0, 1), result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.9.9.9:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://127.example.org/v1", False),
        ("http://10.0.0.1/v1", False),
    ],
)
def test_what_this_machine_is(url, here):
    assert is_here(url) == here
    assert is_open(url) != here


@pytest.mark.parametrize("url", ["ftp://me:SECRET@host/v1", "me:SECRET@host/v1", "host?key=SECRET"])
def test_an_address_that_is_none_shows_no_secret(ask, url):
    result = ask("--url", url)
    assert (result.code, "is no address" in result.err) == (2, True)
    assert "SECRET" not in result.err


def test_a_proxy_is_not_between_this_machine_and_itself(ask, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert ask().code == 0


def test_a_proxy_that_cannot_be_used(ask, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks://me:SECRET@127.0.0.1:9")
    result = ask("--url", "http://10.255.255.1/v1", "--retries", 0)
    assert (result.code, "SECRET" in result.err) == (69, False)
    assert "proxy" in result.err
