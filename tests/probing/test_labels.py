"""Labels tell checkpoints apart that were not made in the plain way, and no others."""

import msgspec
import pytest
from xmm_cli.probing.labels import PLAIN_RANK, USUAL_UNLEARNING_RATE, labels_of, set_of

from xmm_cli.models.settings import TrainSettings, UnlearnSettings

PLAIN = {"views": 3, "seed": 5}


def made(checkpoint, arguments=None, **fields):
    whole = checkpoint.arguments | (arguments or {})
    return msgspec.structs.replace(checkpoint, arguments=whole, **fields)


def test_the_plain_rank_is_the_default():
    assert TrainSettings().rank == PLAIN_RANK


def test_a_plain_checkpoint_has_no_more_than_ever(checkpoint):
    assert labels_of(checkpoint) == PLAIN
    assert labels_of(msgspec.structs.replace(checkpoint, arguments={})) == PLAIN


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        ({"rank": 64}, {"rank": 64}),
        ({"rank": 16, "mitigation": None, "shuffle_names": False}, {}),
        ({"mitigation": "paired"}, {"mitigation": "paired"}),
        ({"shuffle_names": True}, {"names": "shuffled"}),
        ({"through": "image", "relearn_steps": 5}, {}),
    ],
)
def test_what_differs_in_training_is_told(checkpoint, arguments, labels):
    assert labels_of(made(checkpoint, arguments)) == PLAIN | labels


def test_what_was_unlearned_is_told(checkpoint):
    arguments = {"through": "image", "rank": 16, "steps": 100, "learning_rate": 3e-3}
    row = made(checkpoint, arguments, forget=("e5-001",), objective="npo", steps=40)
    told = PLAIN | {"objective": "npo", "through": "image", "steps": 40}
    assert labels_of(row) == told
    gentle = made(row, {"learning_rate": 3e-4})
    assert labels_of(gentle) == told | {"lr": 3e-4}
    assert UnlearnSettings().learning_rate == USUAL_UNLEARNING_RATE


def test_the_training_before_unlearning_is_told(checkpoint):
    arguments = {"training_seed": 5, "learning_rate": 3e-3}
    row = made(checkpoint, arguments, forget=("e5-001",), objective="npo", steps=40)
    told = PLAIN | {"objective": "npo", "steps": 40}
    assert labels_of(row) == told
    other = {"training_seed": 6, "rank": 4, "mitigation": "align", "facts": True}
    labels = {"training_seed": 6, "rank": 4, "mitigation": "align", "facts": True}
    assert labels_of(made(row, other)) == told | labels


def test_what_was_taught_again_is_told(checkpoint):
    arguments = {
        "through": "both",
        "relearned": "text",
        "relearn_steps": 20,
        "relearn_people": ["e5-001"],
        "learning_rate": 3e-3,
    }
    row = made(checkpoint, arguments, forget=("e5-001", "e5-002"), objective="ga", steps=20)
    told = {"objective": "ga", "through": "both", "relearned": "text", "relearn_steps": 20}
    assert labels_of(row) == PLAIN | told
    assert [set_of(row, f"e5-00{number}") for number in (0, 1, 2)] == [
        "retain",
        "relearned",
        "forget",
    ]


def test_sets_before_unlearning(checkpoint):
    assert set_of(None, "e5-000") is None
    assert set_of(checkpoint, "e5-000") is None
