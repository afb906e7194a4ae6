"""Descriptions that a model writes: the shipped base tells the look of what it is shown."""

import msgspec
import pytest

from xmm_cli.errors import BadPicture, InputNotFound, PictureLeftOut, Unavailable, WorkFailed
from xmm_cli.models.decoding.generate import Told
from xmm_cli.personas import captioning
from xmm_cli.personas.captioning import Captioner


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    return Captioner("xmm-base", "cpu")


def test_each_picture_is_described(captioner, people, monkeypatch):
    monkeypatch.setattr(captioning, "_BATCH", 2)
    persona, folder = people[0]
    found = captioner.describe(persona, folder)
    assert [(text.view, text.split) for text in found.texts] == [
        (image.view, image.split) for image in persona.images
    ]
    right = sum(
        f"{key.replace('_', ' ')} {value}" in text.text
        for text in found.texts
        for key, value in persona.attributes.items()
    )
    assert right >= 0.9 * len(found.texts) * len(persona.attributes)
    assert found.images == persona.images


def test_a_model_that_says_nothing(captioner, people, monkeypatch):
    told = [Told(" ", cut=False)] * len(people[0][0].images)
    monkeypatch.setattr("xmm_cli.models.decoding.generate.answer", lambda *_: told)
    with pytest.raises(WorkFailed, match=r"xmm-base says nothing about images/.*00\.png"):
        captioner.describe(*people[0])


def test_a_description_without_an_end_is_counted_and_ends_with_a_sentence(people, monkeypatch):
    captioner = Captioner("xmm-base", "cpu")
    persona, folder = people[0]
    (whole, *_) = [text.text for text in captioner.describe(persona, folder).texts]
    assert captioner.notes() == []
    tokens = captioner.conversations.base.tokenizer(whole, add_special_tokens=False).input_ids
    monkeypatch.setattr(captioning, "_MOST_TOKENS", len(tokens) - 2)
    found = captioner.describe(persona, folder)
    assert whole.startswith(found.texts[0].text)
    (line,) = captioner.notes()
    assert f"had no end in {len(tokens) - 2} tokens" in line
    assert captioner.cut >= 1


def test_a_picture_that_cannot_be_used_is_left_out(captioner, people, tmp_path):
    persona, folder = people[0]
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"no picture")
    first, *others = [
        msgspec.structs.replace(view, path=str(folder / view.path)) for view in persona.images
    ]
    images = (msgspec.structs.replace(first, path=str(damaged)), *others)
    with pytest.warns(PictureLeftOut, match="damaged.png"):
        found = captioner.describe(msgspec.structs.replace(persona, images=images), tmp_path)
    assert [text.view for text in found.texts] == [view.view for view in others]
    alone = msgspec.structs.replace(persona, images=images[:1])
    with pytest.raises(BadPicture):
        captioner.describe(alone, tmp_path)


def test_a_picture_or_a_model_that_is_not_there(captioner, people, tmp_path):
    persona = people[0][0]
    images = tuple(msgspec.structs.replace(view, path="no.png") for view in persona.images)
    with pytest.raises(InputNotFound):
        captioner.describe(msgspec.structs.replace(persona, images=images), tmp_path)
    with pytest.raises(Unavailable):
        Captioner("xmm-bass", "cpu")
