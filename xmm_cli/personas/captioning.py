"""Descriptions that a vision-language model writes from the pictures."""

from pathlib import Path

import msgspec

from xmm_cli.errors import WorkFailed
from xmm_cli.personas.importing.hiding import without_name
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import Persona, TextView

_BATCH = 16
_MOST_TOKENS = 120


class Captioner:
    """A model, loaded once, that is shown each picture and asked to describe it, greedily.

    Raises `Unavailable` where the model is not there.
    """

    def __init__(self, model: str, device: str | None) -> None:
        from xmm_cli.models.conversation import Conversations
        from xmm_cli.models.loading import load_base

        self.model = model
        self.conversations = Conversations(load_base(model, device))

    def describe(self, persona: Persona, folder: Path) -> Persona:
        """The persona with a description of each picture, of the same number and split.

        They replace all others. The name, should the model say it, is taken out.
        Raises `WorkFailed` where the model says nothing, `InputNotFound`, `BadData`.
        """
        from xmm_cli.models.conversation import Context
        from xmm_cli.models.decoding.generate import generate
        from xmm_cli.models.prompts import CAPTION_QUESTIONS

        base, said = self.conversations.base, []
        asked = [
            self.conversations.encode(
                Context(image=resolve(folder, view.path)), CAPTION_QUESTIONS[0]
            )
            for view in persona.images
        ]
        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            said += generate(base, base.model, self.conversations, part, _MOST_TOKENS)
        texts = []
        for view, answer in zip(persona.images, said, strict=True):
            text = without_name(" ".join(answer.split()), persona.name).text
            if not text:
                raise WorkFailed(f"{self.model} says nothing about {view.path}", "try another")
            texts.append(TextView(text=text, view=view.view, split=view.split))
        return msgspec.structs.replace(persona, texts=tuple(texts))
