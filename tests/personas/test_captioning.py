"""Descriptions that a model writes: the shipped base tells the look of what it is shown."""

import msgspec
import pytest

from xmm_cli.errors import InputNotFound, Unavailable, WorkFailed
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
    monkeypatch.setattr("xmm_cli.models.decoding.generate.generate", lambda *a, **k: [" "] * 5)
    with pytest.raises(WorkFailed, match=r"xmm-base says nothing about images/.*00\.png"):
        captioner.describe(*people[0])


def test_a_picture_or_a_model_that_is_not_there(captioner, people, tmp_path):
    persona = people[0][0]
    images = tuple(msgspec.structs.replace(view, path="no.png") for view in persona.images)
    with pytest.raises(InputNotFound):
        captioner.describe(msgspec.structs.replace(persona, images=images), tmp_path)
    with pytest.raises(Unavailable):
        Captioner("xmm-bass", "cpu")
