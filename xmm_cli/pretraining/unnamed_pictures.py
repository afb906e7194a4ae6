"""Pictures of unnamed people for pre-training: looks that no persona ever has."""

import multiprocessing
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from xmm_cli.personas.rendering.avatar import draw
from xmm_cli.personas.sampling import Identity, random_look
from xmm_cli.rows.types import Split

SIZE = 96
_CHUNK = 250


def look_of(index: int) -> dict[str, str]:
    """The look of the person in picture `index`."""
    return random_look(random.Random(f"pre-training: look {index}"), measurable=False)


def draw_portrait(look: dict[str, str], key: str) -> np.ndarray:
    """One picture, uint8 `(SIZE, SIZE, 3)`, with the nuisance values of either split."""
    rng = random.Random(f"pre-training: picture {key}")
    split: Split = rng.choice(("train", "heldout"))
    return np.asarray(draw(look, split, rng, SIZE))


def draw_pictures(count: int, path: Path, processes: int) -> np.ndarray:
    """uint8 `(count, SIZE, SIZE, 3)`, drawn once and mapped from `path` ever after."""
    shape = (count, SIZE, SIZE, 3)
    if path.exists() and np.load(path, mmap_mode="r").shape == shape:
        return np.load(path, mmap_mode="r")
    starts = range(0, count, _CHUNK)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        chunks = pool.imap(_draw_chunk, [(s, min(count, s + _CHUNK)) for s in starts])
        pictures = np.concatenate(list(chunks))
    temporary = path.with_suffix(".part.npy")
    np.save(temporary, pictures)
    temporary.rename(path)
    return np.load(path, mmap_mode="r")


def draw_figures(figures: Sequence[Identity], views: int) -> np.ndarray:
    """uint8 `(len(figures) * views, SIZE, SIZE, 3)`: all views of the first figure come first."""
    pictures = [
        draw_portrait(figure.attributes, f"{figure.id} view {view}")
        for figure in figures
        for view in range(views)
    ]
    return np.array(pictures, dtype=np.uint8).reshape(-1, SIZE, SIZE, 3)


def _draw_chunk(bounds: tuple[int, int]) -> np.ndarray:
    return np.stack([draw_portrait(look_of(i), str(i)) for i in range(*bounds)])
