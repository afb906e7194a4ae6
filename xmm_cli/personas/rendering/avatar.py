"""Cartoon portraits: python_avatars composes them, resvg draws their layers, Pillow poses them."""

import math
import random
from collections.abc import Mapping

from PIL import Image, ImageEnhance

from xmm_cli.personas.rendering import Renderer
from xmm_cli.personas.rendering.avatar_layers import layers
from xmm_cli.rows.types import Split

_HAIR = {
    "short": "SHORT_FLAT",
    "bun": "BUN",
    "bob": "BOB",
    "straight": "STRAIGHT_1",
    "wavy": "LOOSE_HAIR",
    "afro": "FRO",
    "mohawk": "MOHAWK",
    "dreadlocks": "DREADS",
    "spiky": "EINSTEIN_HAIR",
    "mullet": "SHAGGY_MULLET",
}
_HAIR_COLOR = {
    "black": "#1B1413",
    "brown": "#7A4A22",
    "blonde": "#E8C860",
    "red": "#D1440C",
    "gray": "#B9BCC4",
    "pink": "#F59797",
    "blue": "#3D6FD9",
}
_SKIN = {"pale": "#FFE0C6", "tan": "#DDA267", "brown": "#A8693F", "dark": "#5E3B2A"}
_FACIAL_HAIR = {
    "none": "NONE",
    "goatee": "BEARD_LIGHT",
    "beard": "BEARD_MAGESTIC",
    "moustache": "MOUSTACHE_MAGNUM",
}
_EYEWEAR = {
    "none": "NONE",
    "glasses": "PRESCRIPTION_2",
    "sunglasses": "WAYFARERS",
    "eyepatch": "EYEPATCH",
}
_GARMENT = {
    "blazer": "BLAZER_SHIRT",
    "hoodie": "HOODIE",
    "overalls": "OVERALL",
    "sweater": "COLLAR_SWEATER",
    "t-shirt": "SHIRT_SCOOP_NECK",
}
_GARMENT_COLOR = {
    "black": "#262E33",
    "white": "#FFFFFF",
    "red": "#E02B2B",
    "blue": "#2F6BD0",
    "green": "#3FA34D",
    "yellow": "#F2D22E",
    "pink": "#FF5FA8",
}

_EYES: dict[Split, tuple[str, ...]] = {
    "train": ("DEFAULT", "HAPPY", "SIDE", "WINK"),
    "heldout": ("SQUINT", "SURPRISED", "CLOSED"),
}
_MOUTH: dict[Split, tuple[str, ...]] = {
    "train": ("DEFAULT", "SMILE", "SERIOUS", "SAD"),
    "heldout": ("TWINKLE", "BIG_SMILE", "CONCERNED"),
}
_BROWS: dict[Split, tuple[str, ...]] = {
    "train": ("DEFAULT", "DEFAULT_NATURAL", "FLAT_NATURAL", "RAISED_EXCITED"),
    "heldout": ("RAISED_EXCITED_NATURAL", "SAD_CONCERNED_NATURAL", "UP_DOWN_NATURAL"),
}
_BACKGROUND: dict[Split, tuple[tuple[int, int, int], ...]] = {
    "train": (
        (190, 215, 240),
        (240, 225, 200),
        (210, 235, 210),
        (235, 210, 225),
        (225, 225, 225),
        (170, 190, 200),
    ),
    "heldout": ((250, 245, 235), (205, 200, 235), (200, 230, 232), (228, 214, 196)),
}

_OVERSAMPLE = 1.25
_HEADROOM = 0.1
_TILT_DEGREES = 7.0


def draw(look: Mapping[str, str], split: Split, rng: random.Random, size: int) -> Image.Image:
    """An RGB portrait of `size` x `size` pixels in the style of python_avatars.

    `rng` sets expression, mirroring, tilt (up to 7 degrees), scale, shift, light and background;
    expression and background come from separate pools for `train` and `heldout`.
    """
    height = round(size * _OVERSAMPLE)
    figure = list(layers(_style(look, split, rng), height))
    background = _background(split, rng)
    head = round(height * _HEADROOM)
    canvas = Image.new("RGBA", (round(height * 1.2), height + head), (*background, 255))
    for layer in figure:
        left = (canvas.width - layer.width) // 2
        canvas.alpha_composite(layer.picture, (left + layer.x, head + layer.y))
    posed = canvas.convert("RGB").transform(
        (size, size),
        Image.Transform.AFFINE,
        _pose(canvas.width, canvas.height, size, rng),
        resample=Image.Resampling.BICUBIC,
        fillcolor=background,
    )
    lit = ImageEnhance.Brightness(posed).enhance(rng.uniform(0.86, 1.12))
    return ImageEnhance.Contrast(lit).enhance(rng.uniform(0.92, 1.08))


def _style(look: Mapping[str, str], split: Split, rng: random.Random) -> dict[str, str]:
    hair = _HAIR_COLOR[look["hair_color"]]
    return {
        "top": _HAIR[look["hairstyle"]],
        "hair_color": hair,
        "facial_hair": _FACIAL_HAIR[look["facial_hair"]],
        "facial_hair_color": hair,
        "skin_color": _SKIN[look["skin_tone"]],
        "accessory": _EYEWEAR[look["eyewear"]],
        "clothing": _GARMENT[look["garment"]],
        "clothing_color": _GARMENT_COLOR[look["garment_color"]],
        "eyes": rng.choice(_EYES[split]),
        "mouth": rng.choice(_MOUTH[split]),
        "eyebrows": rng.choice(_BROWS[split]),
    }


def _background(split: Split, rng: random.Random) -> tuple[int, int, int]:
    red, green, blue = rng.choice(_BACKGROUND[split])
    shift = rng.randint(-10, 10)
    return tuple(max(0, min(255, c + shift)) for c in (red, green, blue))  # type: ignore[return-value]


def _pose(width: int, height: int, size: int, rng: random.Random) -> tuple[float, ...]:
    """The affine map from a pixel of the result to a point of the canvas.

    The crop's lower edge stays inside the figure at every tilt: below it there is no background.
    """
    side = height * rng.uniform(0.86, 0.95)
    tilt = math.radians(rng.uniform(-_TILT_DEGREES, _TILT_DEGREES))
    mirror = rng.choice((-1, 1))
    center_x = width / 2 + rng.uniform(-0.05, 0.05) * side
    bottom = height * rng.uniform(0.925, 0.955)
    center_y = bottom - side / 2
    cos, sin = math.cos(tilt) * side / size, math.sin(tilt) * side / size
    a, b, d, e = mirror * cos, -sin, mirror * sin, cos
    half = size / 2
    return (a, b, center_x - (a + b) * half, d, e, center_y - (d + e) * half)


RENDERER = Renderer(draw)
