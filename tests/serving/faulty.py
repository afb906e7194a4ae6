"""A chat server that answers by what it is asked, and fails where a test says so."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "some-model"
Fault = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def answer_to(body: dict[str, Any]) -> str:
    """What the server answers: it depends on everything that it is asked."""
    return hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:16]


def reply(
    handler: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str]
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def completion(text: str | None, model: str = MODEL, finish_reason: str = "stop") -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return json.dumps({"model": model, "choices": [choice]}).encode()


def answers(model: str = MODEL, text: str | None = None, finish_reason: str = "stop") -> Fault:
    """An answer by a model of this name, or this text."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        told = answer_to(body) if text is None else text
        reply(handler, 200, completion(told, model, finish_reason), {})

    return fault


def status(code: int, text: str = "no", **headers: str) -> Fault:
    content = json.dumps({"error": {"message": text}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _: reply(handler, code, content, named)


def raw(content: bytes) -> Fault:
    """Status 200 with this content."""
    return lambda handler, _: reply(handler, 200, content, {})


def slow(seconds: float) -> Fault:
    """The right answer after a while."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        time.sleep(seconds)
        answers()(handler, body)

    return fault


def cut_off(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Half of the right answer, and the end of the connection."""
    content = completion(answer_to(body))
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    handler.close_connection = True


def huge(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """An answer without end: a gigabyte, unless the client leaves."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    for _ in range(1 << 10):
        handler.wfile.write(b" " * (1 << 20))


class Server:
    """What was asked, and what is to go wrong, by the number of the request, from 0 on."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.faults: dict[int, Fault] = {}
        self.always: Fault | None = None
        self.url = ""
        self._lock = threading.Lock()

    def fault(self, body: dict[str, Any], key: str | None) -> Fault:
        with self._lock:
            number = len(self.bodies)
            self.bodies.append(body)
            self.keys.append(key)
        return self.faults.get(number, self.always or answers())


@contextmanager
def serving() -> Iterator[Server]:
    """A server on this machine, as long as it is wanted."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/chat/completions"
            try:
                server.fault(body, self.headers["Authorization"])(self, body)
            except ConnectionError:
                self.close_connection = True  # the client has left

        def do_GET(self) -> None:
            assert self.path == "/v1/models"
            reply(self, 200, json.dumps({"data": [{"id": MODEL}]}).encode(), {})

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_port}/v1"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
