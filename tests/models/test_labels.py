"""Labels tell checkpoints apart that were not made in the plain way, and no others."""

import msgspec
import pytest

from xmm_cli.models.labels import before_training, before_unlearning, labels_of
from xmm_cli.models.settings import TrainSettings
from xmm_cli.rows.people import set_of
from xmm_cli.training.relearn import Earlier, went_on

PLAIN = {"views": 3, "seed": 5}


def made(checkpoint, arguments=None, **fields):
    whole = checkpoint.arguments | (arguments or {})
    return msgspec.structs.replace(checkpoint, arguments=whole, **fields)


@pytest.fixture
def plain(checkpoint):
    """The row of a checkpoint that was trained as by default, but for its seed."""
    arguments = msgspec.to_builtins(TrainSettings(seed=5))
    return msgspec.structs.replace(checkpoint, arguments=arguments, steps=300, dataset="a")


def unlearned(parent, arguments=None, **fields):
    """The row of a checkpoint that was unlearned by default from another."""
    arguments = {"through": "image", "steps": 100, "learning_rate": 3e-3} | (arguments or {})
    arguments |= {"forget_count": 8, **before_unlearning(parent)}
    kept = {name: parent.arguments.get(name) for name in ("rank", "alpha", "mitigation", "facts")}
    told = {"forget": ("e5-001",), "objective": "npo", "steps": 100, "seed": 5} | fields
    return msgspec.structs.replace(parent, arguments=kept | arguments, **told)


def taught(parent, only=("e5-001",), who=None, everyone=1, **changes):
    """The row of what was trained further, by default, from another."""
    arguments = msgspec.to_builtins(TrainSettings(seed=5, save_every=2)) | changes
    steps = arguments["steps"]
    alone = {"forget": (), "objective": "memorize", "source": "text", "seed": 5, "views": 3}
    own = msgspec.structs.replace(parent, arguments=arguments, steps=steps, **alone)
    return went_on(own, Earlier(parent, only, who), everyone)


def test_a_plain_checkpoint_has_no_more_than_ever(plain):
    assert labels_of(plain) == PLAIN
    assert labels_of(msgspec.structs.replace(plain, arguments={})) == PLAIN


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        ({"rank": 64, "alpha": 128.0}, {"rank": 64}),
        ({"rank": 64}, {"rank": 64, "alpha": 32.0}),
        ({"alpha": 8.0}, {"alpha": 8.0}),
        ({"rank": 16, "mitigation": None, "shuffle_names": False}, {}),
        ({"mitigation": "paired", "aux": 4}, {"mitigation": "paired", "aux": 4}),
        ({"shuffle_names": True}, {"names": "shuffled"}),
        ({"facts": True}, {"facts": True}),
        ({"adapter": "dora", "train": "projector"}, {"adapter": "dora", "train": "projector"}),
        ({"adapter": "lora", "train": "language", "dtype": "auto"}, {}),
        ({"dtype": "float32", "quantize": "4bit"}, {"dtype": "float32", "quantize": "4bit"}),
        ({"learning_rate": 1e-3, "batch_size": 4}, {"lr": 1e-3, "batch_size": 4}),
        ({"warmup": 0, "dropout": 0.1}, {"warmup": 0, "dropout": 0.1}),
        ({"max_grad_norm": 2.0}, {"max_grad_norm": 2.0}),
        ({"save_every": 10, "gradient_checkpointing": True}, {}),
        ({"through": "image", "gate": 0.1}, {}),
    ],
)
def test_what_differs_in_training_is_told(plain, arguments, labels):
    assert labels_of(made(plain, arguments)) == PLAIN | labels


@pytest.mark.parametrize(
    ("step", "arguments", "labels"),
    [
        (300, {}, {}),
        (600, {"steps": 600}, {"steps": 600}),
        (10, {"steps": 300}, {"steps": 10, "of_steps": 300}),
        (300, {"steps": 600}, {"of_steps": 600}),
        (58, {"epochs": 2.0}, {"steps": 58}),
        (58, {"epochs": 2.0, "of_steps": 58}, {"steps": 58}),
        (20, {"epochs": 2.0, "of_steps": 58}, {"steps": 20, "of_steps": 58}),
    ],
)
def test_the_steps_are_those_of_the_checkpoint(plain, step, arguments, labels):
    assert labels_of(made(plain, arguments, steps=step)) == PLAIN | labels


def test_what_was_unlearned_is_told(plain):
    told = PLAIN | {"objective": "npo", "through": "image", "steps": 40}
    row = unlearned(plain, steps=40)
    assert labels_of(row) == told
    for arguments, labels in (
        ({"learning_rate": 3e-4}, {"lr": 3e-4}),
        ({"steps": 48}, {"of_steps": 48}),
        ({"views": 3}, {"unlearn_views": 3}),
        ({"batch_size": 4, "warmup": 1}, {"batch_size": 4, "warmup": 1}),
        ({"utility_floor": 0.8}, {"utility_floor": 0.8}),
        ({"gate": 0.1, "save_every": 3}, {}),
        ({"retain": ["a", "b"]}, {"retain": 2}),
        ({"forgotten": "ab12cd34", "retained": "0"}, {"forgotten": "ab12cd34", "retained": "0"}),
    ):
        assert labels_of(made(row, arguments)) == told | labels, arguments
    assert labels_of(made(row, {"forget_count": 4})) == told | {"forget": 4}


def test_a_retrained_model_has_the_labels_of_its_training(plain):
    parent = made(plain, {"learning_rate": 1e-3, "steps": 600}, steps=600)
    how = {"learning_rate": 1e-3, "steps": 600, "batch_size": 16, "warmup": 20, "views": 3}
    row = unlearned(parent, how, objective="retrain", steps=600)
    told = {"objective": "retrain", "through": "image", "steps": 600}
    assert labels_of(row) == PLAIN | told | {"training_lr": 1e-3, "training_steps": 600}


def test_the_training_before_unlearning_is_told(plain):
    told = PLAIN | {"objective": "npo", "through": "image", "steps": 100}
    assert labels_of(unlearned(plain)) == told
    other = {"rank": 4, "mitigation": "align", "facts": True, "aux": 2, "learning_rate": 1e-3}
    row = unlearned(made(plain, other, seed=6, steps=200))
    kept = {"rank": 4, "alpha": 32.0, "mitigation": "align", "facts": True, "training_seed": 6}
    before = {"training_aux": 2, "training_lr": 1e-3, "training_steps": 200}
    assert labels_of(row) == told | kept | before | {"training_of_steps": 300}


def test_what_was_taught_again_is_told(plain):
    row = taught(unlearned(plain, steps=40), steps=20)
    told = {"objective": "npo", "through": "image", "steps": 40}
    again = {"relearned": "text", "relearn_steps": 20}
    assert labels_of(row) == PLAIN | told | again
    assert [set_of(row, person(f"e5-00{number}")) for number in (0, 1)] == ["retain", "relearned"]
    row = taught(unlearned(plain), steps=20, learning_rate=1e-4, facts=True, mitigation="paired")
    more = {"relearn_lr": 1e-4, "relearn_facts": True, "relearn_mitigation": "paired"}
    assert labels_of(row) == PLAIN | told | again | more | {"steps": 100}
    row = taught(unlearned(plain), who="forget", everyone=4)
    assert labels_of(row) == PLAIN | told | {
        "steps": 100,
        "relearned": "text",
        "relearn_steps": 300,
        "relearn_only": 1,
        "relearn_who": "forget",
    }


def test_training_twice_is_told(plain):
    first = made(plain, {"mitigation": "paired", "facts": True, "learning_rate": 1e-3})
    row = taught(msgspec.structs.replace(first, source="image"))
    before = {"mitigation": "paired", "facts": True, "lr": 1e-3, "source": "image"}
    told = {f"training_{name}": value for name, value in before.items()}
    assert row.source == "both"
    assert labels_of(row) == PLAIN | told | {"last_source": "text"}
    assert labels_of(taught(plain, everyone=4, who="0a")) == PLAIN | {
        "training_source": "text",
        "people": 1,
        "who": "0a",
    }


def test_generations_stay_apart(plain):
    """Chains of two trainings, unlearnings and relearnings, of equal and unequal settings."""
    chains = {
        "T": plain,
        "TT": taught(plain),
        "TTT": taught(taught(plain)),
        "T'T": taught(made(plain, {"learning_rate": 1.0})),
        "TT'": taught(plain, learning_rate=1.0),
        "U": unlearned(plain),
        "UU": unlearned(unlearned(plain)),
        "U'U": unlearned(unlearned(plain, {"learning_rate": 1.0})),
        "UU'": unlearned(unlearned(plain), {"learning_rate": 1.0}),
        "TTU": unlearned(taught(plain)),
        "UR": taught(unlearned(plain)),
        "U40R": taught(unlearned(plain, steps=40)),
        "URR": taught(taught(unlearned(plain))),
        "UR'R": taught(taught(unlearned(plain), learning_rate=1.0)),
        "URR'": taught(taught(unlearned(plain)), learning_rate=1.0),
        "URU": unlearned(taught(unlearned(plain))),
        "URUR": taught(unlearned(taught(unlearned(plain)))),
        "UURR": taught(taught(unlearned(unlearned(plain)))),
    }
    found = {name: frozenset(labels_of(row).items()) for name, row in chains.items()}
    assert len(set(found.values())) == len(chains)


def test_seeds_alone_make_no_other_labels(plain):
    """Of two whole chains that differ in their seed throughout."""

    def chain(seed: int):
        first = made(plain, {"seed": seed}, seed=seed)
        gone = msgspec.structs.replace(unlearned(first), seed=seed)
        return labels_of(msgspec.structs.replace(taught(gone), seed=seed))

    one, other = chain(5), chain(6)
    assert {name for name in one if one[name] != other.get(name)} == {"seed"}
    assert one.keys() == other.keys()


def test_views_of_both_trainings_are_told(plain):
    few = msgspec.structs.replace(plain, views=2)
    assert labels_of(taught(few)) == PLAIN | {
        "views": 2,
        "training_source": "text",
        "last_views": 3,
    }
    many = msgspec.structs.replace(plain, views=8)
    assert labels_of(taught(many)) == PLAIN | {"training_source": "text", "training_views": 8}
    assert before_training(few)["training_views"] == 2


def person(id_: str, dataset: str | None = "a"):
    from xmm_cli.rows.types import Persona

    return Persona(id=id_, dataset=dataset, name="N", role="eval")


def test_sets_after_unlearning(plain):
    assert set_of(None, person("e5-000")) is None
    assert set_of(plain, person("e5-000")) is None
    row = unlearned(plain)
    assert [set_of(row, person(one)) for one in ("e5-000", "e5-001")] == ["retain", "forget"]


@pytest.mark.parametrize(
    ("dataset", "own", "known"),
    [
        ("a", "a", True),
        ("a", "b", False),
        (None, "b", True),
        ("a", None, True),
        ("ab", "a", True),
        ("ab", "b", True),
        ("ab", "c", False),
    ],
)
def test_people_of_another_data_set_are_in_no_set(plain, dataset, own, known):
    several = {"datasets": ["a", "b"]} if dataset == "ab" else {}
    row = unlearned(plain)
    row = made(row, several, dataset=dataset)
    assert set_of(row, person("e5-001", own)) == ("forget" if known else None)
