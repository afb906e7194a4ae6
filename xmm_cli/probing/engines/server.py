"""A server that speaks the OpenAI chat protocol: requests, tried again within limits.

The key stands in an environment variable and in the header of a request, and nowhere else: where
what a server says holds it, `[key]` stands in its place. No redirect is followed.
"""

import asyncio
import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from xmm_cli.errors import PartlyFailed, Unavailable, XmmError
from xmm_cli.probing.engines.address import KEYS, Config, checked_url, is_here
from xmm_cli.probing.engines.chat_request import ServedAnswer, told_of

MOST_BYTES = 1 << 20
"""A longer reply is no answer to a question of ours."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
"""How long is waited before the second try; twice as long before each further one."""

SHORTEST_KEY = 8
"""A shorter key is no secret, and may be part of an answer."""

BUSY = frozenset({408, 425, 429})
"""Statuses, beside those of 500 and over, after which a request is sent again."""
TOLD_LENGTH = 200
GO_ON = "with --resume FILE the same command goes on"


class Refused(Exception):
    """The server refuses this one request; the text says why."""


class _Failed(Exception):
    """A try failed, and another may not; `wait_s` is what the server wants to be waited."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Server:
    """Sends questions; all of an event loop share one."""

    def __init__(self, config: Config, key: str) -> None:
        """`config` has an address and a model. Make it within the event loop that it serves."""
        import httpx2

        self.config, self.key = config, key
        self.url = checked_url(config.url or "")
        self.sent = 0
        """Requests so far, those among them that were sent again."""
        self.model: str | None = None
        """What the server calls the model that answers."""
        self.ended: XmmError | None = None
        """What ended it: nothing is sent any more."""
        self._free = asyncio.Semaphore(config.concurrency)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        limits = httpx2.Limits(max_connections=config.concurrency)
        try:
            self._client = httpx2.AsyncClient(
                headers=headers,
                timeout=None,
                limits=limits,
                follow_redirects=False,
                trust_env=not is_here(self.url),  # no proxy to this machine
            )
        except (ImportError, ValueError):  # what they say shows the proxy's password
            said = "the proxy that the environment names cannot be used"
            raise Unavailable(said, "see HTTPS_PROXY, ALL_PROXY and NO_PROXY") from None

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def ask(self, make_body: Callable[[], dict[str, Any]]) -> ServedAnswer:
        """The answer to a request, whose body is made when its turn comes.

        Raises `Refused`; `Unavailable` where the server cannot be asked, and `PartlyFailed` where
        it may not any more: all that is asked afterwards ends likewise.
        """
        async with self._free:
            if self.ended is None:
                body = make_body()
                try:
                    return await self._tried(body)
                except XmmError as error:
                    self.ended = self.ended or error
        raise self.ended

    async def _tried(self, body: dict[str, Any]) -> ServedAnswer:
        wait_s = FIRST_WAIT_S
        for tries in range(self.config.retries + 1):
            try:
                return await self._once(body)
            except _Failed as error:
                if tries == self.config.retries:
                    times = f"{tries + 1} times" if tries else "once"
                    raise Unavailable(f"{self.url}: {error}, {times}", GO_ON) from None
                await asyncio.sleep(min(error.wait_s or wait_s, LONGEST_WAIT_S))
                wait_s *= 2
        raise AssertionError

    async def _once(self, body: dict[str, Any]) -> ServedAnswer:
        status, headers, raw = await self._sent("POST", "/chat/completions", body)
        if not 200 <= status < 300:
            await self._no_answer(status, headers, raw)
        try:
            reply = json.loads(raw if len(self.key) < SHORTEST_KEY else self._without_key(raw))
        except (ValueError, RecursionError):
            raise _Failed("the reply is no JSON") from None
        told = told_of(reply)
        if told is None:
            raise _Failed("the reply is no chat completion")
        self._check_model(reply.get("model"))
        return told

    async def _sent(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, Any, str]:
        """Status, headers, text of the reply. Raises `_Failed`, `Unavailable`, `PartlyFailed`."""
        import httpx2

        most = self.config.max_requests
        if most is not None and self.sent >= most:
            raise PartlyFailed(f"{most} requests were sent, as --max-requests says", GO_ON)
        if self.ended is not None:
            raise self.ended
        self.sent += 1
        raw = bytearray()
        try:
            async with (
                asyncio.timeout(self.config.timeout_s),
                self._client.stream(method, f"{self.url}{path}", json=body) as reply,
            ):
                async for piece in reply.aiter_bytes():
                    raw += piece
                    if len(raw) > MOST_BYTES:
                        raise Unavailable(
                            f"{self.url}: a reply of more than {MOST_BYTES:,} bytes",
                            "is this an address of a chat server?",
                        )
                return reply.status_code, reply.headers, raw.decode("utf-8", "replace")
        except TimeoutError:
            raise _Failed(f"no reply within {self.config.timeout_s:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            reason = str(error) or type(error).__name__
            raise _Failed(self._short(reason)) from None

    async def _no_answer(self, status: int, headers: Any, raw: str) -> None:
        """Raise what a status means that is no success."""
        said = f"status {status}: {self._short(_message(raw))}"
        if status in BUSY or status >= 500:
            raise _Failed(said, _wanted_wait(headers.get("retry-after", "")))
        if 300 <= status < 400:
            there = self._short(headers.get("location", "nowhere"))
            raise Unavailable(f"{self.url}: it redirects to {there}", "no redirect is followed")
        if status in (401, 403):
            with_key = "another key" if self.key else "the key"
            raise Unavailable(f"{self.url}: {said}", f"set {with_key} in {KEYS[0]}")
        if status == 404:
            raise Unavailable(f"{self.url}: {said}", await self._known_models())
        raise Refused(said)

    async def _known_models(self) -> str:
        """A hint that names what the server serves, as far as it says so."""
        with suppress(_Failed, XmmError, ValueError, LookupError, TypeError, RecursionError):
            _, _, raw = await self._sent("GET", "/models")
            names = [str(one["id"]) for one in json.loads(raw)["data"]]
            if names:
                return self._short(f"it serves {', '.join(names)}")
        return "is --url right, up to /v1, and --model?"

    def _check_model(self, name: object) -> None:
        """Refuse answers of another model than before."""
        if not isinstance(name, str):
            return
        if self.model not in (None, name):
            raise Unavailable(
                f"{self.url}: {self._short(name)} answers, where {self._short(self.model)} did",
                "serve one model, and ask into another file",
            )
        self.model = name

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, "[key]") if self.key else text

    def _short(self, text: object) -> str:
        """What a server says, in one short line without the key."""
        words = " ".join(self._without_key(str(text)).split())
        return words if len(words) <= TOLD_LENGTH else f"{words[:TOLD_LENGTH]} …"


def _wanted_wait(text: str) -> float | None:
    """Seconds, where a server says how long it wants to be waited for."""
    with suppress(ValueError):
        seconds = float(text)
        return max(seconds, 0.0) if math.isfinite(seconds) else None
    return None


def _message(raw: str) -> str:
    """The words of an error as servers of this protocol give them, or all of it."""
    with suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):
        said = json.loads(raw)
        error = said.get("error", said.get("detail", said.get("message")))
        found = error.get("message") if isinstance(error, dict) else error
        if found:
            return str(found)
    return raw or "nothing said"
