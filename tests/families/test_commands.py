"""Every family through the commands: train, probe, unlearn, probe, score, by the entry point."""

import json

import msgspec
import pytest
from safetensors import safe_open

from tests.families.test_families import EACH
from tests.families.tiny import save
from xmm_cli.models.adapters.lora import ADAPTER_WEIGHTS
from xmm_cli.models.adapters.parts import language_path
from xmm_cli.models.loading import load_base
from xmm_cli.rows.writer import encode

QUICK = ["--steps", 2, "--batch-size", 4]
FEW = [*QUICK, "--rank", 2]
SHORT = ["--max-new-tokens", 3, "--views", 1]


@pytest.fixture(scope="module", params=EACH)
def folder(request, tmp_path_factory):
    return save(request.param, tmp_path_factory.mktemp("family") / request.param)


@pytest.fixture(scope="module")
def two(people, tmp_path_factory):
    """The rows of two people."""
    rows = []
    for persona, origin in people[:2]:
        images = [
            msgspec.structs.replace(view, path=str(origin / view.path)) for view in persona.images
        ]
        rows.append(encode(msgspec.structs.replace(persona, images=tuple(images))))
    file = tmp_path_factory.mktemp("two") / "people.jsonl"
    file.write_bytes(b"".join(rows))
    return file


def told(result) -> list[dict]:
    assert result.code == 0, result.err
    return [json.loads(row) for row in result.rows]


def of_kind(rows: list[dict], kind: str) -> list[dict]:
    return [row for row in rows if row["kind"] == kind]


def test_all_commands(xmm, folder, two, tmp_path):
    shown = ["--source", "both", "--views", 1]
    made = told(xmm("train", two, "--base", folder, *shown, *FEW, "--out", "run"))
    (row,) = of_kind(made, "checkpoint")
    assert (row["base"], row["source"]) == (str(folder), "both")

    path = language_path(load_base(str(folder), "cpu").model)
    with safe_open(tmp_path / "run" / ADAPTER_WEIGHTS, "pt") as file:
        keys = list(file.keys())
    assert keys
    assert all(key.startswith(f"base_model.model.{path}.") for key in keys)

    answers = of_kind(told(xmm("probe", "run", "--untrained", *SHORT)), "probe")
    assert len(answers) == 2 * 2 * 2
    assert {one["modality"] for one in answers} == {"image", "text"}
    assert all(one["logprob"] < 0 and one["candidates"] == 2 for one in answers)
    before, after = (
        [one["logprob"] for one in answers if (one["checkpoint"] is None) == bare]
        for bare in (True, False)
    )
    assert before != after

    words = ["--forget", 1, "--gate", 0, "--steps", 2, "--batch-size", 2, "--out", "gone"]
    told(xmm("unlearn", "run", *words))
    result = xmm("probe", "gone", *SHORT)
    left = of_kind(told(result), "probe")
    assert {one["set"] for one in left} == {"forget", "retain"}
    assert of_kind(told(xmm("score", stdin=result.out)), "score")

    inside = of_kind(told(xmm("probe", "run", "--trace", "--views", 2)), "trace")
    assert {one["layer"] for one in inside} == {0, 1, 2}
