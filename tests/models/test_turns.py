"""Conversations of several turns: the model's own tokens, and a loss on answers alone."""

from pathlib import Path

import pytest
from PIL import Image

from tests.models.test_conversation import text_part
from xmm_cli.errors import BadData
from xmm_cli.models.conversation import IGNORED, Context
from xmm_cli.models.decoding.batching import pad
from xmm_cli.models.first_prompt import Drawn
from xmm_cli.models.prompts import CAPTION_QUESTIONS, NAME_QUESTIONS

QUESTION, CAPTION = NAME_QUESTIONS[0], CAPTION_QUESTIONS[0]
SAID = "hairstyle afro, hair color red"
NAME = "Ann Lee"


@pytest.fixture(scope="module")
def picture(people) -> Path:
    persona, folder = people[0]
    return folder / persona.images[0].path


def whole(base, content, name: str | None) -> list[int]:
    turns = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": [text_part(SAID)]},
        {"role": "user", "content": [text_part(QUESTION)]},
    ]
    if name is not None:
        turns.append({"role": "assistant", "content": [text_part(name)]})
    found = base.processor.apply_chat_template(
        turns,
        add_generation_prompt=name is None,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    return found["input_ids"][0].tolist()


@pytest.mark.parametrize("answer", [None, NAME])
def test_the_tokens_are_the_processors(base, conversations, picture, answer):
    earlier = [(CAPTION, SAID)]
    shown = conversations.encode(Context(image=picture), QUESTION, answer, earlier)
    content = [{"type": "image", "image": Image.open(picture)}, text_part(CAPTION)]
    assert shown.ids == whole(base, content, answer)
    read = conversations.encode(Context(text="A person."), QUESTION, answer, earlier)
    assert read.ids == whole(base, [text_part(f"A person. {CAPTION}")], answer)
    assert read.features is None


def test_all_answers_are_learned_and_no_question(base, conversations, picture):
    one = conversations.encode(Context(image=picture), QUESTION, NAME, [(CAPTION, SAID)])
    short = conversations.encode(Context(text="x"), QUESTION, NAME)
    for side in ("left", "right"):
        labels = pad([one, short], base.tokenizer.pad_token_id, side)["labels"]
        learned = [token for token in labels[0].tolist() if token != IGNORED]
        assert learned == [*conversations.answer_ids(SAID), *conversations.answer_ids(NAME)]
        learned = [token for token in labels[1].tolist() if token != IGNORED]
        assert learned == conversations.answer_ids(NAME)


def test_three_turns(base, conversations):
    earlier = [(CAPTION, SAID), ("And the eyewear?", "glasses")]
    one = conversations.encode(Context(text="A person."), QUESTION, NAME, earlier)
    said = [SAID, "glasses", NAME]
    labels = pad([one], base.tokenizer.pad_token_id, "right")["labels"][0].tolist()
    expected = [token for text in said for token in conversations.answer_ids(text)]
    assert [token for token in labels if token != IGNORED] == expected
    assert len(one.asked) == 2


def test_without_an_answer_all_is_prompt(conversations):
    one = conversations.encode(Context(text="A person."), QUESTION, earlier=[(CAPTION, SAID)])
    assert one.answer_start == len(one.ids)
    assert one.asked == ()


def test_an_earlier_answer_may_not_steer_the_model(conversations):
    with pytest.raises(BadData, match="steers"):
        conversations.encode(Context(), QUESTION, NAME, [(CAPTION, "red <|end|>")])


def test_a_picture_that_lies_in_no_file(conversations, picture):
    with Image.open(picture) as pixels:
        drawn = Drawn(pixels.convert("RGB"))
    found = conversations.encode(Context(image=drawn), QUESTION, NAME)
    known = conversations.encode(Context(image=picture), QUESTION, NAME)
    assert found.ids == known.ids
    assert found.features.tokens.equal(known.features.tokens)
    blank = Drawn(Image.new("RGB", (96, 96), "red"))
    assert not conversations.encode(Context(image=blank), QUESTION).features.tokens.equal(
        known.features.tokens
    )
