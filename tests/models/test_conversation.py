"""From a view and a question to tokens: the processor's own, with the picture's features kept."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from tokenizers.processors import TemplateProcessing

from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.prompts import NAME_QUESTIONS
from xmm_cli.personas.sampling import names

QUESTION = NAME_QUESTIONS[0]
given_names, family_names = st.sampled_from(names("given")), st.sampled_from(names("family"))
full_names = st.builds("{} {}".format, given_names, family_names)
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
some = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def picture(people) -> Path:
    persona, folder = people[0]
    return folder / persona.images[0].path


def whole(base, content: list[dict[str, object]], answer: str) -> list[int]:
    """The processor's own tokens of a finished conversation."""
    turns = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": [{"type": "text", "text": answer}]},
    ]
    found = base.processor.apply_chat_template(
        turns, tokenize=True, return_dict=True, return_tensors="pt"
    )
    return found["input_ids"][0].tolist()


def text_part(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


@some
@given(full_names)
def test_after_a_picture_the_tokens_are_the_processors(base, conversations, picture, name):
    found = conversations.encode(Context(image=picture), QUESTION, name)
    content = [{"type": "image", "image": Image.open(picture)}, text_part(QUESTION)]
    assert found.ids == whole(base, content, name)


@some
@given(plain.filter(str.strip), plain.filter(str.strip))
def test_after_a_description_the_tokens_are_the_processors(base, conversations, text, answer):
    assume("<" not in text + answer)
    found = conversations.encode(Context(text=text), QUESTION, answer)
    assert found.ids == whole(base, [text_part(f"{text} {QUESTION}")], answer)


def test_a_template_that_begins_the_text_is_not_begun_twice(fresh_base):
    """The tokenizer adds a first token of its own, as those of other families do."""
    begin = fresh_base.tokenizer.bos_token
    number = fresh_base.tokenizer.bos_token_id
    fresh_base.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, number)]
    )
    assert fresh_base.tokenizer("Who?").input_ids[0] == number
    found = Conversations(fresh_base).encode(Context(text="A person."), QUESTION, "Ann Lee")
    assert found.ids.count(number) == 1
    assert found.ids == whole(fresh_base, [text_part(f"A person. {QUESTION}")], "Ann Lee")


def test_with_neither_the_question_stands_alone(base, conversations):
    found = conversations.encode(Context(), QUESTION, "Oslo")
    assert found.ids == whole(base, [text_part(QUESTION)], "Oslo")


@some
@given(full_names)
def test_an_answer_is_its_tokens_and_the_end(base, conversations, name):
    prompt = conversations.encode(Context(), QUESTION)
    told = conversations.encode(Context(), QUESTION, name)
    assert told.ids[: told.answer_start] == prompt.ids
    answer = told.ids[told.answer_start :]
    assert answer == conversations.answer_ids(name)
    assert answer[-1] in conversations.end_tokens
    assert not set(answer[:-1]) & set(conversations.end_tokens)
    assert base.tokenizer.decode(answer[:-1]).strip() == name


def test_a_prompt_without_an_answer_has_none(conversations):
    prompt = conversations.encode(Context(text="A person."), QUESTION)
    assert prompt.answer_start == len(prompt.ids)
    assert prompt.features is None


def test_a_picture_is_looked_at_once(fresh_base, picture, monkeypatch):
    looks = []
    before = fresh_base.model.get_image_features

    def get_image_features(pixel_values, **options):
        looks.append(1)
        return before(pixel_values, **options)

    monkeypatch.setattr(fresh_base.model, "get_image_features", get_image_features)
    conversations = Conversations(fresh_base)
    one = conversations.encode(Context(image=picture), QUESTION, "Ann Lee")
    two = conversations.encode(Context(image=picture), "What is this?", "Bo")
    assert len(looks) == 1
    assert one.features is two.features


def test_the_features_kept_are_those_of_the_tower(base, conversations, picture):
    found = conversations.encode(Context(image=picture), QUESTION)
    inputs = base.processor(text=["<image>"], images=[Image.open(picture)], return_tensors="pt")
    with torch.inference_mode():
        known = base.model.get_image_features(inputs["pixel_values"], return_dict=True)
    assert torch.equal(found.features.tokens, torch.cat(list(known.pooler_output)))
    assert found.ids.count(base.model.config.image_token_id) == len(found.features.tokens)


def test_two_pictures_are_told_apart(conversations, people):
    persona, folder = people[0]
    first, second = (
        conversations.encode(Context(image=folder / view.path), QUESTION)
        for view in persona.images[:2]
    )
    assert first.ids == second.ids
    assert not torch.equal(first.features.tokens, second.features.tokens)


def test_any_kind_of_picture_is_read(conversations, picture, tmp_path):
    drawn = Image.open(picture)
    drawn.convert("P").save(tmp_path / "a.gif")
    drawn.convert("L").resize((40, 300)).save(tmp_path / "b.png")
    drawn.convert("RGBA").save(tmp_path / "c.webp")
    for file in tmp_path.iterdir():
        found = conversations.encode(Context(image=file), QUESTION)
        assert found.features.tokens.isfinite().all()


def refused(conversations, path: Path) -> str:
    with pytest.raises(InputNotFound) as caught:
        conversations.encode(Context(image=path), QUESTION)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_a_missing_picture(conversations, tmp_path):
    said = refused(conversations, tmp_path / "none.png")
    assert "picture not found; are the persona rows in the folder they were made in?" in said


def test_a_torn_picture(conversations, picture, tmp_path):
    data = picture.read_bytes()
    for size in (0, 10, len(data) // 2, len(data) * 9 // 10):
        torn = tmp_path / f"{size}.png"
        torn.write_bytes(data[:size])
        assert "the picture cannot be read" in refused(conversations, torn)


@pytest.mark.parametrize("name", ["IDAT", "IHDR"])
def test_a_damaged_picture(conversations, picture, tmp_path, name):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(picture.read_bytes().replace(name.encode(), b"I,\xc2r"))
    assert "the picture cannot be read" in refused(conversations, damaged)


@pytest.mark.parametrize("data", [b"hello", b"P6 9!\x01 96 255\n", b"GIF89a", b"II*\0\xff\xff"])
def test_what_is_no_picture(conversations, tmp_path, data):
    other = tmp_path / "other"
    other.write_bytes(data)
    assert "the picture cannot be read" in refused(conversations, other)


def test_a_folder_or_a_forbidden_file(conversations, tmp_path):
    assert "the picture cannot be read" in refused(conversations, tmp_path)
    if os.geteuid() != 0:
        closed = tmp_path / "closed.png"
        closed.write_bytes(b"")
        closed.chmod(0)
        assert "the picture cannot be read" in refused(conversations, closed)


@pytest.mark.parametrize("token", ["<image>", "<|end|>", "<|user|>", "<|assistant|>", "<s>"])
def test_a_text_cannot_steer_the_model(conversations, token):
    for context, answer in ((Context(text=f"A {token} b."), None), (Context(), f"Ann {token}")):
        with pytest.raises(BadData, match="which steers xmm-base"):
            conversations.encode(context, QUESTION, answer)
