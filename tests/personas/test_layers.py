"""Layers laid together are the figure drawn whole, and each is drawn once."""

import io
import random

import numpy as np
import pytest
import resvg_py
from PIL import Image

from xmm_cli.personas.rendering import avatar
from xmm_cli.personas.rendering import avatar_layers as module
from xmm_cli.personas.rendering.avatar_layers import layers
from xmm_cli.personas.sampling import random_look

HEIGHT = 120
LEVELS = 4
"""Of 255: how far a pixel may lie from the figure drawn whole."""


def style_of(seed, split="train"):
    rng = random.Random(seed)
    return avatar._style(random_look(rng, measurable=True), split, rng)


def laid_together(style, colour):
    found = list(layers(style, HEIGHT))
    canvas = Image.new("RGBA", (found[0].width, HEIGHT), colour)
    for layer in found:
        canvas.alpha_composite(layer.picture, (layer.x, layer.y))
    return np.asarray(canvas).astype(int)


def drawn_whole(style, colour):
    drawn = resvg_py.svg_to_bytes(svg_string=module._svg(style), height=HEIGHT)
    figure = Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")
    canvas = Image.new("RGBA", figure.size, colour)
    canvas.alpha_composite(figure)
    return np.asarray(canvas).astype(int)


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("colour", [(255, 255, 255, 255), (10, 60, 90, 255)])
def test_layers_are_the_whole_figure(split, colour):
    for seed in range(25):
        style = style_of(seed, split)
        apart = np.abs(laid_together(style, colour) - drawn_whole(style, colour))
        assert apart.max() <= LEVELS, (seed, style)
        assert apart.mean() < 0.1, (seed, style)


def test_every_layer_draws_something():
    for layer in layers(style_of(0), HEIGHT):
        assert layer.picture.getbbox() == (0, 0, *layer.picture.size)
        assert layer.picture.size > (5, 1)


def test_a_layer_is_drawn_once_for_all_pictures_it_stands_in(monkeypatch):
    drawn = []
    draw = resvg_py.svg_to_bytes
    monkeypatch.setattr(
        module.resvg_py, "svg_to_bytes", lambda **given: (drawn.append(1), draw(**given))[1]
    )
    module._kept.clear()
    look = random_look(random.Random(1), measurable=True)
    for seed in range(40):
        avatar.draw(look, "train", random.Random(seed), 96)
    expressions = (
        len(avatar._EYES["train"]) + len(avatar._MOUTH["train"]) + len(avatar._BROWS["train"])
    )
    assert len(drawn) == 3 + expressions  # body, nose, hair


def test_pictures_do_not_depend_on_what_was_drawn_before():
    looks = [random_look(random.Random(seed), measurable=True) for seed in range(6)]
    module._kept.clear()
    before = [avatar.draw(look, "train", random.Random(7), 96).tobytes() for look in looks]
    after = [avatar.draw(look, "train", random.Random(7), 96).tobytes() for look in looks[::-1]]
    assert before == after[::-1]
