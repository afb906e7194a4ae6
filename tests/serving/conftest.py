"""A person who asks a served model."""

import pytest

from tests.contract.conftest import Result, xmm  # noqa: F401
from tests.serving.faulty import MODEL, Server, serving

QUESTIONS = 16
"""4 people, 2 held-out views, 2 modalities."""


@pytest.fixture
def server() -> Server:
    with serving() as server:
        yield server


@pytest.fixture
def ask(xmm, server, people_folder, monkeypatch):  # noqa: F811
    """Ask the server about the people, one question at a time unless told otherwise."""
    for name in ("XMM_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def call(*more: object) -> Result:
        people = people_folder / "personas.jsonl"
        words = ["--engine", "openai", "--url", server.url, "--model", MODEL, "--personas", people]
        return xmm("probe", *words, "--concurrency", 1, *more)

    return call
