"""Near-duplicates: a difference hash tells pictures that show the same in all that is coarse.

64 bits: whether each of 8 x 8 patches is brighter than its right neighbour, after
https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIDE = 8
NEAR = 3
"""Two pictures that differ in at most so many of the 64 bits are too alike."""


def difference_hash(picture: "Image.Image") -> int:
    """The hash of a picture, 64 bits."""
    grey = picture.convert("L").resize((SIDE + 1, SIDE))
    rows = [grey.crop((0, y, SIDE + 1, y + 1)).tobytes() for y in range(SIDE)]
    bits = 0
    for row in rows:
        for left, right in pairwise(row):
            bits = bits << 1 | (left < right)
    return bits


def too_alike(one: int, others: Iterable[int], near: int = NEAR) -> bool:
    """Whether a hash is that of another picture, but for `near` bits."""
    return any((one ^ other).bit_count() <= near for other in others)
