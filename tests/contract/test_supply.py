"""What is installed with xmm, and what is asked of the network."""

import re
import socket

import pytest

from tests.lock import ROOT, asked

PINS = dict(
    line.split("==")
    for line in (ROOT / "tests/constraints.txt").read_text().splitlines()
    if not line.startswith("#")
)
SOURCES = sorted((ROOT / "xmm_cli").rglob("*.py"))


@pytest.mark.parametrize("one", asked(), ids=str)
def test_a_dependency_has_bounds_and_is_locked_within_them(one):
    assert {part.operator for part in one.specifier} == {">=", "<"}
    name = re.sub(r"[-_.]+", "-", one.name).lower()
    if name in PINS:
        assert one.specifier.contains(PINS[name])


def test_the_lock_names_no_machine():
    assert len(PINS) > 30
    for name, version in PINS.items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version)


RISKY = re.compile(
    r"\b(torch\.load|pickle\.loads?|(?<!\.)eval|(?<!\.)exec|__import__)\("
    r"|trust_remote_code=True|use_safetensors=False"
)


def test_nothing_is_unpickled_and_no_code_of_a_model_is_run():
    assert len(SOURCES) > 100
    assert [path for path in SOURCES if RISKY.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("command", ["train", "probe"])
def test_offline_a_hub_name_asks_no_network(xmm, people_folder, monkeypatch, command):
    tried: list[object] = []

    def refuse(*given, **_):
        tried.append(given)
        raise OSError("no network here")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    file = people_folder / "personas.jsonl"
    words = {"train": [file, "--out", "run"], "probe": ["--personas", file]}[command]
    result = xmm(command, *words, "--base", "nobody/nothing")
    result.failed(69, "base 'nobody/nothing' cannot be loaded")
    assert tried == []
