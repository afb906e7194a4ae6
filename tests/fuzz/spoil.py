"""Ways to spoil bytes, rows and names; everything is drawn from a `random.Random`."""

import json
import random
from collections.abc import Callable
from typing import Any

Spoiler = Callable[[random.Random, bytes], bytes]

NAMES = (
    "[bold red]Ann[/bold red]",
    "[link=file:///etc/passwd]x[/link]",
    "\x1b[2J\x1b]0;title\x07",
    "\x1b]8;;http://x\x1b\\a\x1b]8;;\x1b\\",
    "a\r\nb\u2028c",
    "\u202egnp.exe",
    "../../etc/passwd",
    "/abs/olute",
    "a/b\\c",
    "..",
    ".",
    "con\0nul",
    "<script>alert(1)</script>",
    "{{7*7}} ${x} %s %n",
    "'; drop table probes; --",
    "=cmd|' /C calc'!A0",
    "|pipe|`tick`**",
    "\ud7ff\ufeff\u200f",
    "é" * 300,
    "",
    " ",
    "nan",
    "-1e999",
    "\U0001f9d1\u200d\U0001f4bb",
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**70), 10**400, 1.5, 1e308, -1e-320),
    *([], {}, [[]], {"": None}, "", "x" * 5000, *NAMES),
)


def cut(rng: random.Random, data: bytes) -> bytes:
    """End early."""
    return data[: rng.randrange(len(data) + 1)]


def flip(rng: random.Random, data: bytes) -> bytes:
    """Some bytes become others."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if found:
            found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found)


def insert(rng: random.Random, data: bytes) -> bytes:
    """Put something in that is no text, or no JSON."""
    bits = (
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
        b"\r\n",
        b"\x1b",
    )
    bits += (b"NaN", b"-Infinity", b"1e999", b"\\ud800", b"\\u0000", b"//", b"{", b"}", b"[", b'"')
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(bits) * rng.choice((1, 1, 1, 3)) + data[place:]


def nest(rng: random.Random, data: bytes) -> bytes:
    """Nest without need."""
    depth = rng.choice((10, 500, 1100, 20_000))
    opens, closes = rng.choice(((b"[", b"]"), (b'{"a":', b"}")))
    deep = opens * depth + b"1" + closes * rng.choice((depth, depth - 1, 0))
    return data.replace(b"{", b'{"deep":' + deep + b",", 1)


def double(rng: random.Random, data: bytes) -> bytes:
    """The same again, with or without a line between."""
    return data + rng.choice((b"", b"\n", b"\r\n", b"\n\n \n", b"\xef\xbb\xbf")) + data


def repeat_key(rng: random.Random, data: bytes) -> bytes:
    """A key that stands twice."""
    key = rng.choice((b'"kind":"run"', b'"kind":7', b'"schema":99', b'"id":null', b'"name":"b"'))
    return data.replace(b"{", b"{" + key + b",", 1)


def value(rng: random.Random, data: bytes) -> bytes:
    """A field of another kind, somewhere in the row."""
    try:
        row = json.loads(data.splitlines()[0])
    except (ValueError, IndexError, RecursionError):
        return flip(rng, data)
    place = row
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        if isinstance(place, dict) and rng.random() < 0.2:
            del place[key]
        else:
            place[key] = rng.choice(ODD_VALUES)
        break
    return json.dumps(row, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def noise(rng: random.Random, data: bytes) -> bytes:
    """Anything at all."""
    return rng.randbytes(rng.choice((0, 1, 7, 64, 3000)))


SPOILERS: tuple[Spoiler, ...] = (cut, flip, insert, nest, double, repeat_key, value, value, noise)


def spoil(rng: random.Random, data: bytes) -> bytes:
    """One to three of these, one after the other."""
    for _ in range(rng.randint(1, 3)):
        data = rng.choice(SPOILERS)(rng, data)
    return data
