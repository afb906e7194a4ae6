"""The views that questions are about, and what stands in their place as a control."""

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from xmm_cli.errors import BadData
from xmm_cli.models.conversation import Context
from xmm_cli.models.first_prompt import Drawn
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import Modality, Persona, Split

Control = Literal["blank", "swapped"]
"""`blank`: a grey picture, or no description; `swapped`: a view of another person."""

View = tuple[Context, int]
"""What is shown, and its number."""

GREY = (128, 128, 128)


def views_of(
    persona: Persona, folder: Path, modality: Modality, split: Split, most: int | None = None
) -> list[View]:
    """The views of a person in a modality and a split: the first `most`, or all."""
    found: list[View]
    if modality == "image":
        images = [image for image in persona.images if image.split == split]
        found = [(Context(image=resolve(folder, one.path)), one.view) for one in images]
    else:
        texts = [text for text in persona.texts if text.split == split]
        found = [(Context(text=one.text), one.view) for one in texts]
    return found[:most]


def controlled(views: Sequence[list[View]], control: Control | None, seed: int) -> list[list[View]]:
    """What each person's questions show, in the order of the persons.

    A person without views gets none. `swapped` raises `BadData` where only one has views,
    `blank` `InputNotFound` where a picture is missing.
    """
    if control == "swapped":
        return _swapped(views, seed)
    if control == "blank":
        return [[(_blank(own[0][0]), 0)] if own else [] for own in views]
    return list(views)


def _blank(context: Context) -> Context:
    """The same without anything to see or to read."""
    return Context() if context.image is None else Context(image=_grey(_size(context.image)))


def _swapped(views: Sequence[list[View]], seed: int) -> list[list[View]]:
    """Everyone's views to someone else: one cycle through all, so that no one keeps their own."""
    having = [place for place, own in enumerate(views) if own]
    if len(having) == 1:
        raise BadData("only one person has views", "to swap them takes two")
    random.Random(seed).shuffle(having)
    given: list[list[View]] = [[] for _ in views]
    for place, other in zip(having, having[1:] + having[:1], strict=True):
        given[place] = views[other]
    return given


def _size(picture: Path | Drawn) -> tuple[int, int]:
    size: tuple[int, int]
    size = (picture.pixels if isinstance(picture, Drawn) else read_picture(picture)).size
    return size


@cache
def _grey(size: tuple[int, int]) -> Drawn:
    """A uniform picture of this width and height in pixels."""
    from PIL import Image

    return Drawn(Image.new("RGB", size, GREY))
