"""Two runs of `train` or `unlearn` that differ in one option are told apart by their rows' labels.

The options are those that typer knows. Everything is real but the steps, which train nothing.
"""

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args, get_origin

import msgspec
import pytest

from tests.contract.conftest import inside, real
from xmm_cli.app import load
from xmm_cli.models import loading
from xmm_cli.models.labels import labels_of
from xmm_cli.rows.types import Checkpoint

NO_OTHER_MODEL = {
    "out": "where the checkpoint lies",
    "overwrite": "whether it may replace another",
    "quiet": "what is said",
    "device": "where it is computed; rounding only",
    "merge": "a copy of the weights, merged",
    "log_to": "where the loss is logged",
    "save_every": "what is left along the way; the labels have the steps of each",
    "gradient_checkpointing": "memory: what is thrown away is computed again",
    "gate": "whether unlearning begins",
    "plan": "nothing is trained",
    "personas": "who is learned: a field of the row, `dataset`",
}
"""Option → why its value needs no label."""

SAME = {("adapter", "lora"), ("train", "language"), ("dtype", "auto")}
"""Choices that mean the same as leaving the option out."""

VALUES = {
    "base": "xmm-base-xs",
    "mitigation": "self-caption",
    "init": "CHECKPOINT",
    "only": "2",
    "objective": "ga",
    "forget": "2",
    "retain": "2",
    "utility_floor": "0",
    "fact": "pet",
}
"""Another value, where the option's type does not lead to one."""

BESIDE = {
    "aux": ["--mitigation", "paired"],
    "only": ["--init", "CHECKPOINT"],
    "rehearse": ["--init", "CHECKPOINT", "--only", "2"],
    "train": ["--source", "image"],
    "alpha": ["--rank", "4"],
}
BESIDE_IN_TRAIN = {"set": ["--mitigation", "align"]}
"""What an option goes with."""


def other_values(command, option) -> list[str | None]:
    """Values that are not the default; None for an option that is given without one."""
    kind = option.type_descriptor.annotation
    if option.name == "set":
        return ["weight=0.5" if command == "train" else "beta=0.2"]
    if option.name in VALUES:
        return [VALUES[option.name]]
    if option.is_flag:
        return [None]
    if get_origin(kind) is Literal:
        given = [one for one in get_args(kind) if one != option.default]
        return [one for one in given if (option.name, one) not in SAME]
    if kind is int:
        return [str((option.default or 1) + 1)]
    if kind is float:
        return [str((option.default or 1.0) / 2)]
    raise AssertionError(f"--{option.name}: say here which other value it may have, or why none")


def cases() -> list[tuple[str, str, tuple[str, ...]]]:
    found = []
    for command in ("train", "unlearn"):
        same = {"help", *NO_OTHER_MODEL, *(["base"] if command == "unlearn" else [])}
        for option in load(command).params:  # the base of `unlearn` has the same weights elsewhere
            if option.param_type_name == "option" and option.name not in same:
                words = [
                    [option.opts[0], *([one] if one else [])]
                    for one in other_values(command, option)
                ]
                found += [(command, option.name, tuple(one)) for one in words]
    return found


@pytest.fixture(scope="module")
def known() -> dict[tuple[str, ...], object]:
    """What was made already, by its words: most options are compared with the same plain run."""
    return {}


@pytest.fixture
def made(xmm, monkeypatch, checkpoint, people_folder, known):
    """The rows of a run that takes no step, by what tells a model apart."""
    from xmm_cli.training import keeper, train, unlearn

    load_base = loading.load_base

    def unpacked(name, device, precision, **options):  # packing takes CUDA
        return load_base(name, device, replace(precision, quantize=None), **options)

    def fit(*_, steps, **__):
        return [{"step": steps, "loss": 1.0}]

    assert {"steps", "look"} <= set(inspect.signature(unlearn.fit).parameters)
    for module, name, put in (
        (loading, "load_base", unpacked),
        (train, "load_base", unpacked),
        (train, "fit", fit),
        (unlearn, "fit", fit),
        (train, "adapter_norm", lambda _: 1.0),
        (keeper, "adapter_norm", lambda _: 1.0),
    ):
        monkeypatch.setattr(module, name, put)
    first = {
        "train": [people_folder / "personas.jsonl"],
        "unlearn": [checkpoint.path, "--gate", 0, "--forget", 1],
    }

    def rows(command: str, *words: str):
        if (command, *words) not in known:
            known[command, *words] = run(command, *words)
        return known[command, *words]

    def run(command: str, *words: str):
        words = [checkpoint.path if one == "CHECKPOINT" else one for one in words]
        given = first[command]
        if "--forget" in words:
            given = given[:-2]
        result = xmm(command, *given, *words, "--out", "run", "--overwrite")
        assert result.code == 0, result.err
        found = msgspec.json.decode(result.rows[-2], type=Checkpoint)
        return found.source, found.base, labels_of(found)

    return rows


@pytest.mark.parametrize(("command", "option", "words"), cases())
def test_an_option_that_changes_the_weights_is_told(made, command, option, words):
    beside = BESIDE.get(option, [])
    if command == "train":
        beside = [*beside, *BESIDE_IN_TRAIN.get(option, [])]
    assert made(command, *beside) != made(command, *beside, *words)


@pytest.mark.parametrize(("option", "value"), sorted(SAME))
def test_what_is_the_default_by_name_is_not_told(made, option, value):
    beside = BESIDE.get(option, [])
    assert made("train", *beside) == made("train", *beside, f"--{option}", value)


def test_choices_are_told_from_each_other(made):
    for option in ("adapter", "train", "dtype"):
        of_option = [
            words for command, name, words in cases() if (command, name) == ("train", option)
        ]
        found = [made("train", *BESIDE.get(option, []), *words) for words in of_option]
        assert all(one != other for n, one in enumerate(found) for other in found[:n])


def test_every_option_that_needs_no_label_is_there():
    known = {option.name for name in ("train", "unlearn") for option in load(name).params}
    assert set(NO_OTHER_MODEL) | set(VALUES) | set(BESIDE) <= known


def test_who_is_forgotten_is_told_where_named(made):
    drawn, some, others = (made("unlearn", "--forget", who)[2] for who in ("1", "e5-001", "e5-002"))
    assert drawn["forget"] == some["forget"] == others["forget"] == 1
    assert "forgotten" not in drawn
    assert some["forgotten"] != others["forgotten"]
    kept, these = (made("unlearn", "--forget", "e5-001", "--retain", who)[2]
                   for who in ("1", "e5-003"))  # fmt: skip
    assert (kept["retain"], these["retain"]) == (1, 1)
    assert ("retained" in kept, "retained" in these) == (False, True)


def test_which_fact_is_forgotten_is_told_of_a_retrained_model_too(made):
    words = ("--forget", "1", "--method", "retrain", "--fact")
    pet, city = (made("unlearn", *words, fact)[2] for fact in ("pet", "city"))
    assert (pet.pop("fact"), city.pop("fact")) == ("pet", "city")
    assert pet == city


def test_who_is_taught_is_told_where_named(made):
    init = ["--init", "CHECKPOINT", "--only"]
    drawn, everyone, some = (made("train", *init, who)[2] for who in ("2", "4", "e5-001,e5-002"))
    assert (drawn["people"], some["people"]) == (2, 2)
    assert "people" not in everyone
    assert ("who" in drawn, "who" in some) == (False, True)


@pytest.mark.slow
def test_steps_along_a_run_have_other_labels(tmp_path, people_folder):
    """Train, then ask as it is installed."""
    words = ["--steps", "4", "--save-every", "2", "--batch-size", "4", "--out", "run"]
    trained = inside("train", people_folder / "personas.jsonl", *words, cwd=tmp_path)
    assert trained.code == 0, trained.err
    asked = real("probe", "--views", "1", "-m", "text", cwd=tmp_path, stdin=trained.out)
    rows = [msgspec.json.decode(line) for line in asked.rows]
    probes = [row for row in rows if row["kind"] == "probe"]
    labels = {row["checkpoint"]: row["condition"] for row in probes}
    usual = {"base": "xmm-base", "views": 3, "seed": 0, "batch_size": 4}
    assert list(labels.values()) == [
        usual | {"steps": 2, "of_steps": 4},
        usual | {"steps": 4},
    ]
    (dataset,) = {row["dataset"] for row in probes}
    assert dataset is not None
    assert {Path(name).name for name in labels} == {"0002", "run"}
