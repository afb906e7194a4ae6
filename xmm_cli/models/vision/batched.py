"""Pictures through a vision tower several at a time, where that changes no bit.

A batch may round otherwise than one picture does, and then what is kept of a picture would depend
on the pictures beside it. Whether a tower does on this device is seen on the first batch of each
shape, of which the first and the last picture are computed alone too: where numbers are blocked
otherwise, it shows at the edges. Batches are all of one size, so that the others go alike.
"""

from collections.abc import Callable, Mapping, Sequence

import torch

from xmm_cli.models.oom import tried
from xmm_cli.models.vision.features import Features

AT_ONCE = 8

TowerInputs = Mapping[str, torch.Tensor]
"""What a tower is given of one picture, by the names of its arguments."""


class Looker:
    """Gives the features of pictures; `compute` gives those of one picture, or of a batch."""

    def __init__(self, compute: Callable[[TowerInputs], Features]) -> None:
        self._compute = compute
        self._exact: dict[tuple[int, ...], bool] = {}
        """Shape → whether a batch of it fits, and gives the bits of single pictures."""

    def __call__(self, pictures: Sequence[TowerInputs]) -> list[Features]:
        """The features of each picture, to the bit what each alone would give."""
        found: list[Features] = []
        while rest := pictures[len(found) :]:
            batch = rest[:AT_ONCE]
            found += self._together(batch) or [self._compute(batch[0])]
        return found

    def _together(self, batch: Sequence[TowerInputs]) -> list[Features] | None:
        """The features of a whole batch; None where they have to be computed one by one."""
        shapes = {_shape(one) for one in batch}
        shape = shapes.pop()
        if shapes or shape is None or len(batch) < AT_ONCE or not self._exact.get(shape, True):
            return None
        pixels = torch.cat([one["pixel_values"] for one in batch])
        several = tried(lambda: self._compute({"pixel_values": pixels}))
        if several is None:
            self._exact[shape] = False
            return None
        found = _parted(several, len(batch))
        if shape not in self._exact:
            edges = [(found[at], self._compute(batch[at])) for at in (0, -1)] if found else []
            self._exact[shape] = bool(edges) and all(_same(*pair) for pair in edges)
        return found if self._exact[shape] else None


def _shape(given: TowerInputs) -> tuple[int, ...] | None:
    """Of a picture that is pixels and nothing else: `(1, channels, height, width)`."""
    pixels = given.get("pixel_values")
    if len(given) > 1 or pixels is None or pixels.dim() != 4 or len(pixels) != 1:
        return None
    return tuple(pixels.shape)


def _parted(several: Features, count: int) -> list[Features] | None:
    """The features of each picture of a batch, if they stand there one by one."""
    pooled = several.pooled
    if several.deepstack or len(pooled) != count:
        return None
    if isinstance(pooled, tuple):
        return [Features((one.clone(),)) for one in pooled]
    return [Features(pooled[at : at + 1].clone()) for at in range(count)]


def _same(one: Features, other: Features) -> bool:
    mine, theirs = one.named(), other.named()
    return mine.keys() == theirs.keys() and all(
        torch.equal(tensor, theirs[name]) for name, tensor in mine.items()
    )
