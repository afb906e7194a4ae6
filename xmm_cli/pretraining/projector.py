"""A projector that says in the language model's own words what it sees, before any language.

For an attribute, the tokens of a picture are weighed by how near they are to the words of the
attribute's name, as attention would, and what they say there is compared with the words of its
values. The language model's embeddings are fixed; its layers are not needed. So pictures come in
like words that it has read all its life.
"""

import random
from typing import Any

import numpy as np
import torch
from torch import nn

from xmm_cli.personas.vocabulary import VOCABULARY
from xmm_cli.pretraining.vision import targets

STEPS, BATCH, RATE = 150, 128, 2e-3
_SHARPNESS = 8.0
"""Times the cosine of two vectors; a probability of the right word near 1 needs several."""


def start_projector(
    projector: Any,
    embedding: torch.Tensor,
    tokenizer: Any,
    table: torch.Tensor,
    rows: range,
    seed: int,
) -> None:
    """Train the two layers of a projector in place.

    `embedding`: `(vocabulary, width)`; `table`: `(pictures, tokens, vision width)`, of which
    `rows` are used.
    """
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer, spread in ((projector.linear_1, 0.07), (projector.linear_2, 0.04)):
            layer.weight.normal_(0.0, spread, generator=rng)
            layer.bias.zero_()
    projector.requires_grad_(True)
    embedding = embedding.detach().float()
    embedding = embedding - embedding.mean(dim=0)
    words = _Words(embedding, tokenizer)
    labels = torch.from_numpy(np.array([targets(row) for row in rows]))
    optimizer = torch.optim.AdamW(projector.parameters(), lr=RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    chooser = random.Random(f"projector {seed}")
    for _ in range(STEPS):
        chosen = torch.tensor([chooser.randrange(len(rows)) for _ in range(BATCH)])
        loss = words.loss(projector(table[rows.start + chosen].float()), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():  # as large as words are
        said = projector(table[rows.start : rows.start + BATCH].float())
        factor = embedding.norm(dim=1).mean() / said.norm(dim=-1).mean()
        projector.linear_2.weight.mul_(factor)
        projector.linear_2.bias.mul_(factor)


class _Words:
    """The words of attributes and values, as unit vectors of the embedding."""

    def __init__(self, embedding: torch.Tensor, tokenizer: Any) -> None:
        def vector(text: str) -> torch.Tensor:
            ids = tokenizer(f" {text}", add_special_tokens=False).input_ids
            return embedding[ids].mean(dim=0)

        self.names = _unit(torch.stack([vector(a.replace("_", " ")) for a in VOCABULARY]))
        self.values = [
            _unit(torch.stack([vector(value) for value in values]))
            for values in VOCABULARY.values()
        ]

    def loss(self, said: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of the values; `said` `(n, tokens, width)`, `labels` `(n, names)`."""
        said = _unit(said)
        weights = (said @ self.names.T * _SHARPNESS).softmax(dim=1)
        heard = torch.einsum("ntw,nta->naw", said, weights)
        losses = [
            nn.functional.cross_entropy(
                heard[:, number] @ values.T * 2 * _SHARPNESS, labels[:, number]
            )
            for number, values in enumerate(self.values)
        ]
        return torch.stack(losses).mean()


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return nn.functional.normalize(vectors, dim=-1)
