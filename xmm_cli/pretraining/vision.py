"""Stage 1: the vision tower learns to tell all attributes from pictures.

A linear head per attribute reads the mean of the tower's last hidden states; the heads are thrown
away afterwards. The hidden states are those before the tower's final norm, as LLaVA takes them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

from xmm_cli.personas.vocabulary import VOCABULARY
from xmm_cli.pretraining.unnamed_pictures import look_of

_SHIFT = 4


def pixels(pictures: np.ndarray) -> torch.Tensor:
    """float32 `(n, 3, H, W)` in [-1, 1], as the processor makes it, from uint8 `(n, H, W, 3)`."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def targets(index: int) -> list[int]:
    """The class of each attribute in picture `index`."""
    look = look_of(index)
    return [list(values).index(look[a]) for a, values in VOCABULARY.items()]


def hidden_states(tower: Any, pixel_values: torch.Tensor) -> torch.Tensor:
    """Float `(n, tokens, width)`: what the projector of the model reads."""
    return tower(pixel_values, output_hidden_states=True).hidden_states[-1]


class AttributeTower(nn.Module):
    """The tower with one throw-away linear head per attribute."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        self.tower = tower
        width = tower.config.hidden_size
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleList(nn.Linear(width, len(v)) for v in VOCABULARY.values())

    def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """Summed cross-entropy of all heads, and right or wrong, bool `(n, attributes)`."""
        pooled = self.norm(hidden_states(self.tower, pixel_values).mean(dim=1))
        logits = [head(pooled) for head in self.heads]
        loss = sum(
            nn.functional.cross_entropy(one.float(), labels[:, i]) for i, one in enumerate(logits)
        )
        right = torch.stack([of_digit.argmax(-1) for of_digit in logits], dim=1) == labels
        return {"loss": torch.as_tensor(loss), "right": right}


class PictureSamples(Dataset[tuple[int, int]]):
    """Sample `i` is a random picture and its own augmentation seed: nothing depends on order."""

    def __init__(self, count: int, picture_indices: Sequence[int], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.chosen = rng.choice(np.asarray(picture_indices), size=count)

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: int) -> tuple[int, int]:
        return int(self.chosen[index]), index


class PictureBatches:
    """Collates samples: shifts and lightens each picture, and looks up its attributes."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, *, augment: bool) -> None:
        self.pictures = pictures
        self.labels = labels
        self.augment = augment

    def __call__(self, samples: list[tuple[int, int]]) -> dict[str, torch.Tensor]:
        """float32 `(n, 3, H, W)` pixels and int64 `(n, attributes)` labels."""
        chosen = np.array([picture for picture, _ in samples])
        images = self.pictures[chosen]
        if not self.augment:
            return {"pixel_values": pixels(images), "labels": torch.from_numpy(self.labels[chosen])}
        light = []
        for row, (_, seed) in enumerate(samples):
            rng = np.random.default_rng(seed)
            shift = rng.integers(-_SHIFT, _SHIFT + 1, size=2)
            images[row] = np.roll(images[row], tuple(shift), axis=(0, 1))
            light.append(rng.uniform(-0.05, 0.05, size=3))
        offset = torch.from_numpy(np.array(light, dtype=np.float32))[:, :, None, None]
        labels = torch.from_numpy(self.labels[chosen])
        return {"pixel_values": pixels(images) + offset, "labels": labels}
