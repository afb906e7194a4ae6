"""Batches: padding and kept features change nothing of what the model says."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.distributed.utils import _recursive_to

from xmm_cli.models.conversation import IGNORED, Context, Conversation
from xmm_cli.models.decoding.batching import answer_logits, model_inputs, pad
from xmm_cli.models.vision.features import Features, join

QUESTION = "Who is this person?"
CPU, FLOAT = torch.device("cpu"), torch.float32
ONE = Conversation([5, 6, 7, 8, 9], 3, per_token={"token_type_ids": [1, 1, 0, 0, 0]})
TWO = Conversation([4, 3], 1, per_token={"token_type_ids": [1, 0]})


def test_padding_on_the_right():
    batch = pad([ONE, TWO], 0, "right")
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9], [4, 3, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    not_told = [IGNORED] * 3
    assert batch["labels"].tolist() == [[*not_told, 8, 9], [IGNORED, 3, *not_told]]
    assert batch["token_type_ids"].tolist() == [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert batch["features"] == []


def test_padding_on_the_left():
    batch = pad([ONE, TWO], 2, "left")
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 9], [2, 2, 2, 4, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [0, 0, 0, 1, 1]]
    assert batch["labels"].tolist()[1] == [IGNORED] * 4 + [3]
    assert batch["token_type_ids"].tolist()[1] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("deeper", [(), (torch.ones(2, 3), torch.zeros(2, 3))])
def test_features_arrive_whole_where_inputs_are_moved_to_a_device(deeper):
    # as DistributedDataParallel moves them on GPUs
    seen = join([Features(torch.rand(2, 3), deeper)] * 2, CPU, FLOAT)
    [moved] = _recursive_to({"image": seen}, CPU, False)
    assert moved["image"].pooler_output is seen.pooler_output
    assert len(moved["image"].deepstack_features) == len(deeper)
    for there, here in zip(moved["image"].deepstack_features, seen.deepstack_features, strict=True):
        assert there is here


def test_an_answer_that_is_a_pad_token_is_not_lost():
    batch = pad([Conversation([4, 0], 1)], 0, "right")
    assert batch["labels"].tolist() == [[IGNORED, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1]]


def told(conversations, people, kind: str) -> list[Conversation]:
    """Six answered questions, of different lengths in every kind but pictures alone."""
    found = []
    for number, (persona, folder) in enumerate(people):
        context = Context(text=persona.texts[number % 3].text)
        if kind == "image" or (kind == "mixed" and number % 2):
            context = Context(image=folder / persona.images[0].path)
        found.append(conversations.encode(context, QUESTION, persona.name))
    return found


@pytest.mark.parametrize("kind", ["image", "text", "mixed"])
@pytest.mark.parametrize("side", ["left", "right"])
@torch.inference_mode()
def test_padding_changes_no_answer(base, conversations, people, kind, side):
    rows = told(conversations, people, kind)
    pad_id = base.tokenizer.pad_token_id
    logits, wanted, numbers = answer_logits(base.model, pad(rows, pad_id, side), CPU, FLOAT)
    alone = [answer_logits(base.model, pad([row], pad_id, side), CPU, FLOAT) for row in rows]
    assert wanted.tolist() == [token for row in rows for token in row.ids[row.answer_start :]]
    expected = [n for n, row in enumerate(rows) for _ in row.ids[row.answer_start :]]
    assert numbers.tolist() == expected
    assert torch.allclose(logits, torch.cat([one[0] for one in alone]), atol=1e-4)


@torch.inference_mode()
def test_the_logits_are_those_before_each_answer_token(base, conversations, people):
    row = told(conversations, people, "text")[0]
    batch = pad([row], base.tokenizer.pad_token_id, "right")
    logits, _, _ = answer_logits(base.model, batch, CPU, FLOAT)
    every = base.model(**model_inputs(batch, CPU, FLOAT)).logits[0]
    assert torch.allclose(logits, every[row.answer_start - 1 : -1], atol=1e-5)


@torch.inference_mode()
def test_kept_features_say_what_the_pixels_say(base, conversations, people):
    pictures: list[Path] = [folder / persona.images[1].path for persona, folder in people[:3]]
    rows = [conversations.encode(Context(image=path), QUESTION, "Ann Lee") for path in pictures]
    kept, _, _ = answer_logits(base.model, pad(rows, 0, "right"), CPU, FLOAT)
    processed = base.processor(
        text=["<image>"] * 3, images=[Image.open(path) for path in pictures], return_tensors="pt"
    )
    every = base.model(
        input_ids=torch.tensor([row.ids for row in rows]), pixel_values=processed["pixel_values"]
    ).logits
    start = rows[0].answer_start
    assert torch.allclose(kept, every[:, start - 1 : -1].flatten(0, 1), atol=1e-4)
    other = pad([rows[1], rows[0], rows[2]], 0, "right")
    swapped, _, _ = answer_logits(base.model, other, CPU, FLOAT)
    assert not torch.allclose(kept, swapped, atol=1e-4)


def test_what_is_no_input_is_not_passed_on():
    inputs = model_inputs(pad([TWO], 0, "right") | {"forget_rows": 1}, CPU, FLOAT)
    assert set(inputs) == {"input_ids", "attention_mask", "token_type_ids"}
