"""The plain way: transformers and peft as someone who knows them well would use them.

Nothing here is xmm's but the prompts, so that both ways do the same work.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from xmm_cli.models.prompts import NAME_QUESTIONS

Shown = tuple[str, str]
"""A picture's path, and a name."""


def load(base: str) -> tuple[Any, Any]:
    """The model in float32 on the CPU, and its processor, which pads on the right."""
    processor = AutoProcessor.from_pretrained(base, backend="pil")
    model = AutoModelForImageTextToText.from_pretrained(base, dtype=torch.float32)
    return model.requires_grad_(False).eval(), processor


def pictures_of(people: str, split: str) -> list[Shown]:
    """Every picture of a split, person by person."""
    from tests.benchmarks.bases import read_people

    return [
        (str(folder / view.path), persona.name)
        for persona, folder in read_people(Path(people))
        for view in persona.images
        if view.split == split
    ]


def prompt(processor: Any, name: str | None = None) -> str:
    """The name question about a picture, as the chat template writes it; with an answer, if any."""
    content = [{"type": "image"}, {"type": "text", "text": NAME_QUESTIONS[0]}]
    turns: list[dict[str, Any]] = [{"role": "user", "content": content}]
    if name is not None:
        turns.append({"role": "assistant", "content": [{"type": "text", "text": name}]})
    written = processor.apply_chat_template(
        turns, add_generation_prompt=name is None, tokenize=False
    )
    return str(written)


class Answered:
    """Collates pictures and names: a padded batch with labels on the answers alone."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self._asked = prompt(processor)
        self._known: dict[str, tuple[str, int]] = {}

    def __call__(self, shown: Sequence[Shown]) -> dict[str, Any]:
        texts, lengths = zip(*(self._whole(name) for _, name in shown), strict=True)
        pictures = []
        for path, _ in shown:
            with Image.open(path) as picture:
                pictures.append([picture.convert("RGB")])
        batch = self.processor(
            text=list(texts),
            images=pictures,
            return_tensors="pt",
            padding=True,
            padding_side="right",
            add_special_tokens=False,
        )
        labels = torch.full_like(batch["input_ids"], -100)
        for row, (count, length) in enumerate(
            zip(batch["attention_mask"].sum(1).tolist(), lengths, strict=True)
        ):
            labels[row, count - length : count] = batch["input_ids"][row, count - length : count]
        return {**batch, "labels": labels}

    def _whole(self, name: str) -> tuple[str, int]:
        """Prompt and answer, and how many tokens the answer has."""
        if name not in self._known:
            whole = prompt(self.processor, name)
            told = self.processor.tokenizer(
                whole.removeprefix(self._asked), add_special_tokens=False
            )
            self._known[name] = whole, len(told.input_ids)
        return self._known[name]
