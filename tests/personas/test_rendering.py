"""Pictures: the look is in them, and everything else comes from the random stream."""

import random
from itertools import combinations

import numpy as np
import pytest
from PIL import ImageChops

from xmm_cli.personas.rendering import RENDERERS, avatar
from xmm_cli.personas.sampling import random_look
from xmm_cli.personas.vocabulary import VOCABULARY

LOOK = random_look(random.Random(1), measurable=True)
VISIBLE, SHARE = 24, 0.005
"""A pixel differs visibly from so many of 255 on; two looks do in at least half a percent."""

VIEW_BY_VIEW = [name for name in RENDERERS.names() if RENDERERS.load(name).draw is not None]
renderers = pytest.mark.parametrize("name", VIEW_BY_VIEW)


def draw(name, look, split="train", seed=0, size=96):
    return RENDERERS.load(name).draw(look, split, random.Random(seed), size)


@renderers
@pytest.mark.parametrize("size", [16, 96, 200])
def test_a_picture_has_the_size_that_was_asked_for(name, size):
    picture = draw(name, LOOK, size=size)
    assert (picture.size, picture.mode) == ((size, size), "RGB")


@renderers
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_the_same_stream_gives_the_same_picture(name, split):
    pictures = {draw(name, LOOK, split, seed).tobytes() for seed in range(5)}
    assert len(pictures) == 5
    assert {draw(name, LOOK, split, seed).tobytes() for seed in range(5)} == pictures


@renderers
@pytest.mark.parametrize("attribute", VOCABULARY)
def test_each_value_of_an_attribute_is_seen(name, attribute):
    pictures = {
        value: np.asarray(draw(name, {**LOOK, attribute: value})).astype(int)
        for value in VOCABULARY[attribute]
    }
    for one, other in combinations(pictures, 2):
        differs = np.abs(pictures[one] - pictures[other]).max(axis=-1) > VISIBLE
        assert differs.mean() > SHARE, (one, other)


@renderers
def test_the_split_is_seen_too(name):
    for seed in range(5):
        train, heldout = draw(name, LOOK, "train", seed), draw(name, LOOK, "heldout", seed)
        assert ImageChops.difference(train, heldout).getbbox()


@pytest.mark.parametrize("pool", ["_EYES", "_MOUTH", "_BROWS", "_BACKGROUND"])
def test_the_splits_share_no_expression_and_no_background(pool):
    found = getattr(avatar, pool)
    assert len(found["train"]) >= 3
    assert len(found["heldout"]) >= 3
    assert not set(found["train"]) & set(found["heldout"])


def test_no_background_is_drawn_in_both_splits():
    seen = {
        split: {avatar._background(split, random.Random(seed)) for seed in range(2000)}
        for split in ("train", "heldout")
    }
    assert not seen["train"] & seen["heldout"]
    assert all(0 <= part <= 255 for colours in seen.values() for c in colours for part in c)


def test_the_lower_edge_is_never_background():
    """A strip of background under a tilted figure would tell the tilt, and look torn."""
    for seed in range(40):
        picture = np.asarray(draw("avatar", {**LOOK, "garment_color": "red"}, seed=seed))
        middle = picture[-1, 30:66].astype(int)
        background = picture[0, 0].astype(int)
        assert (np.abs(middle - background).max(axis=-1) > 10).all(), seed
