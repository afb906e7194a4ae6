"""Views: no two of a person alike, even where there is little to choose from."""

import pytest
from PIL import Image

from xmm_cli.personas import persona_views
from xmm_cli.personas.persona_views import draw_images, image_path, write_texts
from xmm_cli.personas.plan import Plan
from xmm_cli.personas.rendering import RENDERERS, Renderer
from xmm_cli.personas.sampling import sample_identities

(PERSON,) = sample_identities(1, 0, 0)
PLAN = Plan(views=3, heldout=2, size=16)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images" / PERSON.id).mkdir(parents=True)
    return tmp_path


def drawn(folder) -> list[bytes]:
    return [(folder / image_path(PERSON, view)).read_bytes() for view, _, _ in PLAN.numbered()]


def test_training_views_are_numbered_first():
    assert list(PLAN.numbered()) == [
        (0, "train", 0),
        (1, "train", 1),
        (2, "train", 2),
        (3, "heldout", 0),
        (4, "heldout", 1),
    ]


def test_pictures_are_drawn_again_until_they_differ(folder, monkeypatch):
    def draw(look, split, rng, size):
        return Image.new("RGB", (size, size), (rng.randrange(6), 0, 0))

    monkeypatch.setattr(RENDERERS, "load", lambda name: Renderer(draw))
    assert draw_images(PERSON, PLAN, folder) == 5
    assert len(set(drawn(folder))) == 5


def test_texts_are_written_again_until_they_differ(monkeypatch):
    monkeypatch.setattr(persona_views, "describe", lambda look, split, rng: str(rng.randrange(6)))
    assert len({view.text for view in write_texts(PERSON, PLAN)}) == 5


def test_where_there_is_nothing_to_choose_from_it_ends(folder, monkeypatch):
    monkeypatch.setattr(persona_views, "_TRIES", 20)
    monkeypatch.setattr(persona_views, "describe", lambda look, split, rng: "A person.")
    assert [view.text for view in write_texts(PERSON, PLAN)] == ["A person."] * 5


def test_pictures_that_are_there_are_not_drawn_again(folder):
    assert draw_images(PERSON, PLAN, folder) == 5
    before = drawn(folder)
    assert draw_images(PERSON, PLAN, folder) == 0
    (folder / image_path(PERSON, 3)).unlink()
    assert draw_images(PERSON, PLAN, folder) == 5
    assert drawn(folder) == before
