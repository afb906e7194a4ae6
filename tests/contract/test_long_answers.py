"""Names of any length in any letters are answered whole, and an answer that is cut is marked."""

import json

import pytest

NAMES = ("محمد عبد الرحمن الخطيب", "Константин Александрович Рождественский")
"""Of 40 and more tokens each, on the shipped base."""

FORGET = ["--forget", 1, "--gate", 1, "--steps", 1, "--out", "gone"]


@pytest.fixture(scope="module")
def rows() -> bytes:
    """Two people of long names, each described once to learn, and alike to be asked about."""
    lines = []
    for number, name in enumerate(NAMES):
        text = f"A person with a {('red', 'blue')[number]} coat."
        persona = {"kind": "persona", "id": f"p{number}", "name": name, "role": "eval"}
        texts = [{"text": text, "view": at, "split": ("train", "heldout")[at]} for at in (0, 1)]
        lines.append(json.dumps(persona | {"texts": texts}))
    return "\n".join(lines).encode()


def probes(result) -> list[dict]:
    assert result.code == 0, result.err
    found = [json.loads(row) for row in result.rows]
    return [row for row in found if row["kind"] == "probe"]


def test_a_long_name_is_answered_whole(xmm, rows):
    learn = ["--source", "text", "--steps", 150, "--batch-size", 2, "--lr", "3e-3"]
    assert xmm("train", *learn, "--out", "run", stdin=rows).code == 0
    ask = ["probe", "run", "-m", "text", "--answer", "generate"]

    result = xmm(*ask)
    answers = probes(result)
    assert [row["answer"] for row in answers] == list(NAMES)
    assert all(row["correct"] and "cut" not in row for row in answers)
    assert result.err == ""

    result = xmm(*ask, "--max-new-tokens", 30)
    short = probes(result)
    for row, name in zip(short, NAMES, strict=True):
        assert name.startswith(row["answer"].rstrip("\ufffd"))
        assert row["answer"] != name
        assert row["correct"] is False
        assert row["cut"] is True
    (said,) = result.err.splitlines()
    assert said.startswith("warning: 2 of 2 rows have `cut`")
    assert "--max-new-tokens" in said

    result = xmm("unlearn", "run", "--through", "text", *FORGET)
    assert result.code == 0, result.err  # the gate has heard the whole name too
