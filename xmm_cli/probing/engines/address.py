"""Which server is asked, for which model, with which key, and how hard."""

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from xmm_cli.errors import WrongUsage
from xmm_cli.flags import SERVED, Flag

KEYS = ("XMM_API_KEY", "OPENAI_API_KEY")
"""Environment variables that may hold the key; the first that is set does."""


@dataclass(frozen=True, slots=True)
class Config:
    """Which server is asked for which model, and how hard."""

    url: Annotated[
        str | None,
        Flag("Where the server is, up to /v1.", SERVED, metavar="URL"),
    ] = None
    model: Annotated[
        str | None, Flag("The model, as the server calls it.", SERVED, metavar="NAME")
    ] = None
    concurrency: Annotated[int, Flag("Requests at once.", SERVED, metavar="N", min=1)] = 8
    timeout_s: Annotated[
        float, Flag("Seconds that a request may take.", SERVED, "--timeout", metavar="S", min=0.001)
    ] = 120.0
    retries: Annotated[
        int, Flag("Tries again, of a request that failed.", SERVED, metavar="N", min=0)
    ] = 6
    max_requests: Annotated[
        int | None, Flag("Send no more requests than these.", SERVED, metavar="N", min=1)
    ] = None


def checked_url(url: str) -> str:
    """The address without a slash at its end.

    Raises `WrongUsage` where it is none, or holds more than rows and messages may show.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    hint = "write it as https://HOST/v1"
    if not usable:
        shown = "" if "@" in url or "?" in url else f" {url!r}"
        raise WrongUsage(f"--url{shown} is no address", hint)
    if parts.username is not None or parts.query or parts.fragment:
        raise WrongUsage("--url holds more than an address", f"{hint}; a key belongs in {KEYS[0]}")
    return url.rstrip("/")


def is_here(url: str) -> bool:
    """Whether the server is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_open(url: str) -> bool:
    """Whether others may read what is sent there: not encrypted, and to another machine."""
    return urlsplit(url).scheme == "http" and not is_here(url)


def key_from_environment() -> str:
    """The key; empty where there is none. Raises `WrongUsage`, without showing it."""
    for name in KEYS:
        key = os.environ.get(name, "").strip()
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise WrongUsage(f"{name} holds what can be no key", "it has one word of plain letters")
        if key:
            return key
    return ""
